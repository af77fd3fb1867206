//! The fold of model `remains`, and the sweeper's judgement.

use super::{Entry, GRACE, LIVES, OBJECTS, Object, Remains, State, length};
use crate::mutation::Mutation;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Life {
    /// Its register is there.
    registered: bool,
    /// Position of the entry that ended it.
    ended: Option<u8>,
    /// The last flush that was taken.
    last: Option<u8>,
}

/// What a log comes to.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) lives: [Life; LIVES],
    /// Objects that are named, and since when others are no more.
    pub(super) named: u8,
    unnamed: [Option<u8>; OBJECTS.len()],
    marks: Vec<(u8, u8)>,
    pub(super) halted: bool,
    /// Where the era began that followed the loss.
    pub(super) new_era: Option<u8>,
    /// Objects that were named behind that.
    pub(super) named_since: u8,
}

impl Life {
    pub(super) fn live(&self) -> bool {
        self.registered && self.ended.is_none()
    }
}

impl Remains {
    pub(super) fn fold(&self, log: &[Entry]) -> Folded {
        let mut folded = Folded::default();
        for (at, entry) in (0..).zip(log) {
            match *entry {
                Entry::Register(life) => folded.lives[usize::from(life)].registered = true,
                Entry::Retire(life) => folded.lives[usize::from(life)].ended = Some(at),
                Entry::Flush(object) => {
                    folded.lives[object.life()].last = Some(object.flush());
                    folded.named |= object.bit();
                    if folded.new_era.is_some() {
                        folded.named_since |= object.bit();
                    }
                }
                Entry::Unname(object) => {
                    folded.named &= !object.bit();
                    folded.unnamed[usize::from(object.0)] = Some(at);
                }
                Entry::Mark { folded: through, date } => folded.marks.push((through, date)),
                Entry::Halt => folded.halted = true,
                Entry::NewEra => {
                    folded.halted = false;
                    folded.new_era = Some(at);
                    if !self.is(Mutation::EraEndsNoLife) {
                        let live = folded.lives.iter_mut().filter(|life| life.live());
                        live.for_each(|life| life.ended = Some(at));
                    }
                }
            }
        }
        folded
    }

    /// What the lives may name next, as far as their agents know.
    pub(super) fn proposable(&self, state: &State, folded: &Folded) -> impl Iterator<Item = Object> + use<> {
        let last = folded.lives.map(|life| life.last);
        let may = [0, 1].map(|life: usize| folded.lives[life].live() && !state.ahead[life]);
        OBJECTS
            .into_iter()
            .filter(move |object| may[object.life()] && last[object.life()].is_none_or(|last| object.flush() > last))
    }

    /// The sweeper reads to the end. One that knows what is lost does so anew, once that is accepted.
    pub(super) fn follow(&self, state: &mut State) {
        if let Some(known) = &mut state.sweeper.lost {
            if self.is(Mutation::SweeperGoesOn) {
                known.extend(state.log.iter().skip(known.len()));
                return;
            }
            if self.fold(&state.log).new_era.is_none() {
                return;
            }
            state.sweeper.lost = None;
        }
        state.sweeper.folded = length(&state.log);
    }

    /// What the sweeper takes for garbage, as bits.
    pub(super) fn garbage(&self, state: &State) -> u8 {
        let known = match &state.sweeper.lost {
            Some(known) => known.as_slice(),
            None => &state.log[..usize::from(state.sweeper.folded)],
        };
        let folded = self.fold(known);
        let garbage = OBJECTS.into_iter().filter(|object| {
            // Registered behind what is folded here: not dead, only unknown.
            let born = state.born[object.life()].filter(|born| usize::from(*born) < known.len());
            born.is_some_and(|born| self.is_garbage(&folded, *object, born))
        });
        garbage.fold(0, |bits, object| bits | object.bit())
    }

    fn is_garbage(&self, folded: &Folded, object: Object, born: u8) -> bool {
        let life = &folded.lives[object.life()];
        let over = !life.live() || life.last.is_some_and(|last| last > object.flush());
        if folded.halted || !over || folded.named & object.bit() != 0 {
            return false;
        }
        // One that never was is dead since its register would stand there.
        let dead = match life.ended {
            _ if life.live() => None,
            Some(_) if self.is(Mutation::DeadAtOnce) => None,
            None if self.is(Mutation::NeverBornAtOnce) => None,
            Some(at) => Some(at),
            None => Some(born),
        };
        let unnamed = folded.unnamed[usize::from(object.0)].filter(|_| !self.is(Mutation::UnnamedAtOnce));
        unnamed.max(dead).is_none_or(|since| folded.is_old(since))
    }
}

impl Folded {
    /// Whether a mark that names the position is older than the grace by the newest.
    fn is_old(&self, position: u8) -> bool {
        let newest = self.marks.iter().map(|(_, date)| *date).max().unwrap_or(0);
        let mut marks = self.marks.iter();
        // Entries folded, so one more than the position.
        marks.any(|(folded, date)| *folded > position && date + GRACE <= newest)
    }
}
