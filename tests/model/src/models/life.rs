//! Model `life`: processes that register, put objects under names of their lives, and are retired by others; registers
//! and retirements land late and twice, and once the log loses its end with nobody the wiser.
//!
//! ```text
//!  process   New -Ask-> Asking{nonce} -(its register folded)-> Alive{life}      a nonce for each process
//!                                          life = (position of its register, nonce)
//!  log       Register{nonce, seen}   Beat{life}   Retire{life, heard}
//!            a register is dropped if its nonce is known, or if it saw what lies more than WINDOW entries back or is
//!            not there yet; nonces are known for as many entries                (2^20 in the code, 1 here)
//!  store     (life, flush) -> process: an object has one writer
//! ```
//!
//! Left out: lanes and sequences (model `sequence`), the halt that ends a loss (model `loss`): here it is not yet seen.

use stateright::{Model, Property};

use crate::check::First;
use crate::mutation::Mutation;
use crate::scope::Scope;

const PROCESSES: usize = 3;
const WINDOW: usize = 1;
const FLUSHES: u8 = 1;
/// How far a process has folded that was ahead of a loss: the log has no such entry any more.
const AHEAD: usize = 99;

#[derive(Debug)]
pub(crate) struct Life {
    processes: usize,
    entries: usize,
    mutation: Option<Mutation>,
    first: First,
}

/// A life by its name: position of its register, and its nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    position: usize,
    nonce: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Entry {
    Register {
        nonce: usize,
        seen: usize,
    },
    Beat {
        life: Name,
    },
    /// Names the last entry of the life that its proposer had folded.
    Retire {
        life: Name,
        heard: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Standing {
    New,
    Asking,
    Alive(Name),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Process {
    standing: Standing,
    folded: usize,
    flushes: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    log: Vec<Entry>,
    /// What may land; sorted.
    sent: Vec<Entry>,
    processes: [Process; PROCESSES],
    /// Objects by name, with their writers; sorted.
    store: Vec<(Name, u8, usize)>,
    lost: bool,
    overwritten: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Ask(usize),
    Land(Entry),
    Fold(usize),
    /// A process says that it goes on.
    Beat(usize),
    /// A process proposes to retire another's life, as it sees it.
    Observe(usize, Name),
    Put(usize),
    Lose(usize),
}

/// What a prefix of the log comes to.
#[derive(Debug, Default)]
struct Folded {
    /// Lives that are live, with the last entry of each.
    live: Vec<(Name, usize)>,
    /// Nonces of registers that made a life.
    lived: Vec<usize>,
    known: Vec<(usize, usize)>,
    /// A life ended that was heard after its observer had looked.
    wronged: bool,
    /// A retirement was refused since its life was heard.
    spared: bool,
}

impl Life {
    pub(crate) fn new(scope: Scope, mutation: Option<Mutation>) -> Life {
        Life {
            processes: usize::from(scope.pick(2, 3)),
            entries: usize::from(scope.pick(4, 5)),
            mutation,
            first: First::default(),
        }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    fn name(&self, position: usize, nonce: usize) -> Name {
        let nonce = if self.is(Mutation::NameWithoutNonce) { 0 } else { nonce };
        Name { position, nonce }
    }

    fn fold(&self, log: &[Entry]) -> Folded {
        let mut folded = Folded::default();
        for (position, entry) in log.iter().enumerate() {
            folded.known.retain(|(at, _)| position - at <= WINDOW);
            match *entry {
                Entry::Register { nonce, seen } => {
                    let young = match position.checked_sub(seen) {
                        Some(age) => age <= WINDOW || self.is(Mutation::OldRegisterTaken),
                        // It comes from a part of the log that is lost.
                        None => self.is(Mutation::AheadRegisterTaken),
                    };
                    let known = folded.known.iter().any(|(_, known)| *known == nonce);
                    if young && (!known || self.is(Mutation::NonceForgotten)) {
                        folded.known.push((position, nonce));
                        folded.live.push((self.name(position, nonce), position));
                        folded.lived.push(nonce);
                    }
                }
                Entry::Beat { life } => {
                    folded
                        .live
                        .iter_mut()
                        .filter(|(live, _)| *live == life)
                        .for_each(|(_, heard)| *heard = position);
                }
                Entry::Retire { life, heard } => folded.retire(life, heard, self.is(Mutation::RetireBlind)),
            }
        }
        folded
    }
}

impl Folded {
    fn retire(&mut self, life: Name, heard: usize, blind: bool) {
        let Some(at) = self.live.iter().position(|(live, _)| *live == life) else {
            return;
        };
        let same = self.live[at].1 == heard;
        self.spared |= !same && !blind;
        if same || blind {
            self.wronged |= !same;
            self.live.remove(at);
        }
    }
}

impl State {
    fn send(&mut self, entry: Entry) {
        if let Err(at) = self.sent.binary_search(&entry) {
            self.sent.insert(at, entry);
        }
    }

    /// Puts an object under a name, over whatever is there.
    fn put(&mut self, at: usize) {
        let Standing::Alive(life) = self.processes[at].standing else {
            return;
        };
        let flush = self.processes[at].flushes;
        self.processes[at].flushes += 1;
        self.overwritten |= self
            .store
            .iter()
            .any(|(name, number, writer)| (*name, *number) == (life, flush) && *writer != at);
        self.store.push((life, flush, at));
        self.store.sort_unstable();
    }
}

impl Model for Life {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let process = Process {
            standing: Standing::New,
            folded: 0,
            flushes: 0,
        };
        vec![State {
            log: Vec::new(),
            sent: Vec::new(),
            processes: [process; PROCESSES],
            store: Vec::new(),
            lost: false,
            overwritten: false,
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
        let room = state.log.len() < self.entries;
        for (at, process) in state.processes[..self.processes].iter().enumerate() {
            // One that was ahead of a loss goes on as long as it does not look: it puts objects, but appends nothing.
            let level = process.folded <= state.log.len();
            if process.folded < state.log.len() {
                steps.push(Step::Fold(at));
            }
            match process.standing {
                // They come one after the other: which comes first makes no difference.
                Standing::New
                    if state.processes[..at]
                        .iter()
                        .all(|other| other.standing != Standing::New) =>
                {
                    steps.push(Step::Ask(at));
                }
                Standing::Alive(_) if room && level => steps.push(Step::Beat(at)),
                _ => {}
            }
            if matches!(process.standing, Standing::Alive(_)) && process.flushes < FLUSHES {
                steps.push(Step::Put(at));
            }
            let observed = state.sent.iter().any(|entry| matches!(entry, Entry::Retire { .. }));
            if matches!(process.standing, Standing::Alive(_)) && level && !observed {
                let seen = self.fold(&state.log[..process.folded]);
                steps.extend(seen.live.iter().map(|(life, _)| Step::Observe(at, *life)));
            }
        }
        if room {
            steps.extend(state.sent.iter().copied().map(Step::Land));
        }
        if !state.lost {
            steps.extend((0..state.log.len()).map(Step::Lose));
        }
    }

    fn next_state(&self, last: &State, step: Step) -> Option<State> {
        let mut state = last.clone();
        match step {
            Step::Ask(at) => {
                let seen = state.log.len();
                state.processes[at] = Process {
                    standing: Standing::Asking,
                    folded: seen,
                    flushes: 0,
                };
                state.send(Entry::Register { nonce: at, seen });
            }
            Step::Land(entry) => {
                state.log.push(entry);
                // A second copy of a retirement finds nobody; one of a register is what this model is about.
                state
                    .sent
                    .retain(|sent| *sent != entry || matches!(sent, Entry::Register { .. }));
            }
            Step::Fold(at) => {
                let folded = &mut state.processes[at].folded;
                *folded += 1;
                let position = *folded - 1;
                let name = self.name(position, at);
                let begun = self
                    .fold(&state.log[..=position])
                    .live
                    .iter()
                    .any(|(life, _)| *life == name);
                let own = matches!(state.log[position], Entry::Register { nonce, .. } if nonce == at);
                if state.processes[at].standing == Standing::Asking && own && begun {
                    state.processes[at].standing = Standing::Alive(name);
                }
            }
            Step::Beat(at) => {
                let Standing::Alive(life) = state.processes[at].standing else {
                    return None;
                };
                state.log.push(Entry::Beat { life });
            }
            Step::Observe(at, life) => {
                let seen = self.fold(&state.log[..state.processes[at].folded]);
                let heard = seen.live.iter().find(|(live, _)| *live == life)?.1;
                state.send(Entry::Retire { life, heard });
            }
            Step::Put(at) => state.put(at),
            Step::Lose(to) => {
                state.log.truncate(to);
                state.lost = true;
                let ahead = state.processes.iter_mut().filter(|process| process.folded > to);
                ahead.for_each(|process| process.folded = AHEAD);
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Life>> {
        vec![
            Property::<Life>::always("INV-10, rule 5: an object's name is given once", |model, state| {
                model.first.holds(!state.overwritten)
            }),
            Property::<Life>::always("rule 5: a nonce makes one life", |model, state| {
                let mut lived = model.fold(&state.log).lived;
                let lives = lived.len();
                lived.sort_unstable();
                lived.dedup();
                model.first.holds(lived.len() == lives)
            }),
            Property::<Life>::always("rule 6: who was heard since is not retired", |model, state| {
                model.first.holds(!model.fold(&state.log).wronged)
            }),
            Property::<Life>::sometimes("a register lands twice", |_, state| {
                state.log.iter().any(|entry| {
                    matches!(entry, Entry::Register { .. })
                        && state.log.iter().filter(|other| *other == entry).count() > 1
                })
            }),
            Property::<Life>::sometimes("a copy comes after its nonce was forgotten", |model, state| {
                let folded = model.fold(&state.log);
                let last = state.log.last().copied();
                matches!(last, Some(Entry::Register { nonce, .. })
                    if folded.lived.contains(&nonce) && !folded.known.iter().any(|(_, known)| *known == nonce))
            }),
            Property::<Life>::sometimes("a life is retired", |model, state| {
                let folded = model.fold(&state.log);
                folded.lived.len() > folded.live.len()
            }),
            Property::<Life>::sometimes("a retirement comes too late", |model, state| {
                model.fold(&state.log).spared
            }),
            Property::<Life>::sometimes("two lives begin at one position", |_, state| {
                let alive = |process: &Process| match process.standing {
                    Standing::Alive(name) => Some(name.position),
                    _ => None,
                };
                let mut positions: Vec<_> = state.processes.iter().filter_map(alive).collect();
                positions.sort_unstable();
                positions.windows(2).any(|two| two[0] == two[1])
            }),
        ]
    }
}
