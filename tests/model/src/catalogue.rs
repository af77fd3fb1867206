//! The models there are, each over the kinds of table for which it differs.

use std::fmt;
use std::num::NonZeroUsize;

use crate::check::{Checked, explore};
use crate::models::{Base, Grace, Life, Loss, Remains, Sequence, Snapshot, Swap, Sweep};
use crate::mutation::Mutation;
use crate::scope::{Backend, Scope};

/// A model, with the kind of table it stands on where that makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Appends, reads, the base, deletion, sleepers.
    Base(Backend),
    /// Sequences, lanes, reloads.
    Sequence,
    /// Registers, nonces, retirement, names.
    Life,
    /// Flushes and garbage.
    Sweep,
    /// Marks and readers.
    Grace,
    /// Snapshots, the base's and those of readers.
    Snapshot,
    /// Compactors.
    Swap,
    /// A lost end: halt and era.
    Loss(Backend),
    /// Two of them: entries that do not fit.
    Misfits,
    /// A lost end: the witness, snapshots, starting.
    Witness,
    /// A lost end: garbage.
    Remains,
}

/// All of them.
pub const ALL: [Subject; 13] = [
    Subject::Base(Backend::Sql),
    Subject::Base(Backend::Puts),
    Subject::Sequence,
    Subject::Life,
    Subject::Sweep,
    Subject::Grace,
    Subject::Snapshot,
    Subject::Swap,
    Subject::Loss(Backend::Sql),
    Subject::Loss(Backend::Puts),
    Subject::Misfits,
    Subject::Witness,
    Subject::Remains,
];

impl Subject {
    /// Explores the model: whole, or with a rule switched off up to the first thing that breaks. With one thread what is
    /// found first is found by a shortest way.
    pub fn check(self, scope: Scope, mutation: Option<Mutation>, threads: NonZeroUsize) -> Checked {
        match self {
            Subject::Base(backend) => explore(Base::new(backend, scope, mutation), threads),
            Subject::Sequence => explore(Sequence::new(scope, mutation), threads),
            Subject::Life => explore(Life::new(scope, mutation), threads),
            Subject::Sweep => explore(Sweep::new(scope, mutation), threads),
            Subject::Grace => explore(Grace::new(scope, mutation), threads),
            Subject::Snapshot => explore(Snapshot::new(scope, mutation), threads),
            Subject::Swap => explore(Swap::new(scope, mutation), threads),
            Subject::Loss(backend) => explore(Loss::chain(backend, scope, mutation), threads),
            Subject::Misfits => explore(Loss::misfits(scope, mutation), threads),
            Subject::Witness => explore(Loss::witness(scope, mutation), threads),
            Subject::Remains => explore(Remains::new(scope, mutation), threads),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, backend) = match self {
            Subject::Base(backend) => ("base", Some(backend)),
            Subject::Sequence => ("sequence", None),
            Subject::Life => ("life", None),
            Subject::Sweep => ("sweep", None),
            Subject::Grace => ("grace", None),
            Subject::Snapshot => ("snapshot", None),
            Subject::Swap => ("swap", None),
            Subject::Loss(backend) => ("loss", Some(backend)),
            Subject::Misfits => ("misfits", None),
            Subject::Witness => ("witness", None),
            Subject::Remains => ("remains", None),
        };
        match backend {
            None => f.write_str(name),
            Some(Backend::Sql) => write!(f, "{name} (sql)"),
            Some(Backend::Puts) => write!(f, "{name} (puts)"),
        }
    }
}
