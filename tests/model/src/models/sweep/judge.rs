//! The fold of model `sweep`, and the sweeper's judgement.

use super::{Entry, LIVES, Object, State, Sweep};
use crate::mutation::Mutation;

/// What a prefix of the log comes to.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// By life: none before its register, then whether it is live.
    pub(super) lives: [Option<bool>; LIVES],
    /// Objects that proposals which were taken name.
    pub(super) named: Vec<Object>,
    /// Objects that proposals would have named which were void.
    pub(super) void: Vec<Object>,
    /// A proposal was refused that came in the order of sealing.
    pub(super) refused: bool,
    /// By life, the last flush that was taken.
    last: [Option<u8>; LIVES],
}

impl Sweep {
    pub(super) fn fold(&self, log: &[Entry]) -> Folded {
        let mut folded = Folded::default();
        for entry in log {
            match *entry {
                Entry::Register(life) => folded.lives[usize::from(life)] = Some(true),
                Entry::Retire(life) => folded.lives[usize::from(life)] = Some(false),
                Entry::Flush { object, applied } => self.flush(&mut folded, object, applied),
            }
        }
        folded
    }

    fn flush(&self, folded: &mut Folded, object: Object, applied: bool) {
        let life = usize::from(object.life);
        let last = folded.last[life];
        let falls = last.is_some_and(|last| object.flush < last) && !self.is(Mutation::FlushFalls);
        let stays = last == Some(object.flush) && self.is(Mutation::FlushMustRise);
        if folded.lives[life] != Some(true) {
            folded.void.push(object);
        } else if falls || stays {
            folded.refused = true;
        } else {
            folded.last[life] = last.max(Some(object.flush));
            if applied {
                folded.named.push(object);
            }
        }
    }

    /// Whether an object that a listing showed is garbage, by what is folded now.
    pub(super) fn is_garbage(&self, state: &State, object: Object) -> bool {
        let now = self.fold(&state.log[..usize::from(state.folded)]);
        if now.named.contains(&object) {
            return false;
        }
        if self.is(Mutation::UnnamedIsGarbage) {
            return true;
        }
        let life = usize::from(object.life);
        // Registered after what is folded here: it is not dead, only unknown.
        if now.lives[life].is_none() && !self.is(Mutation::UnknownLifeIsDead) {
            return false;
        }
        let over = now.last[life].is_some_and(|last| match self.mutation {
            Some(Mutation::SweptAtItsFlush) => last >= object.flush,
            _ => last > object.flush,
        });
        over || now.lives[life] != Some(true)
    }
}
