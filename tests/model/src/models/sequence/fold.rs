//! The fold of model `sequence`, and what it makes of each entry.

use super::{LIVES, Proposal, Sequence};
use crate::mutation::Mutation;

/// What a prefix of the log comes to.
#[derive(Debug)]
pub(super) struct Folded {
    /// The partition.
    pub(super) records: Vec<u8>,
    /// By life and lane, the sequence that is taken next.
    pub(super) next: [[u8; 2]; LIVES],
    pub(super) live: [bool; LIVES],
    /// The offset of the last entry's record, if it was taken.
    pub(super) taken: Option<u8>,
    registered: [bool; LIVES],
}

impl Sequence {
    pub(super) fn fold(&self, log: &[Proposal]) -> Folded {
        let mut folded = Folded {
            records: Vec::new(),
            next: [[0; 2]; LIVES],
            live: [true, false, false],
            taken: None,
            registered: [true, false, false],
        };
        for entry in log {
            folded.taken = None;
            match *entry {
                Proposal::Append {
                    life,
                    lane,
                    sequence,
                    record,
                } => {
                    let (life, lane) = (usize::from(life), usize::from(lane));
                    let next = folded.next[life][lane];
                    let live = folded.live[life] || self.is(Mutation::DeadLifeTaken);
                    let in_turn = sequence == next
                        || sequence < next && self.is(Mutation::TakenTwice)
                        || sequence > next && self.is(Mutation::GapTaken);
                    if live && in_turn {
                        folded.next[life][lane] = next.max(sequence + 1);
                        folded.taken = u8::try_from(folded.records.len()).ok();
                        folded.records.push(record);
                    }
                }
                Proposal::Retire { life, seen } => {
                    let life = usize::from(life);
                    if seen == folded.next[life] {
                        folded.live[life] = false;
                    }
                }
                // A nonce once seen makes no second life.
                Proposal::Register { life } => {
                    let life = usize::from(life);
                    folded.live[life] |= !folded.registered[life];
                    folded.registered[life] = true;
                }
            }
        }
        folded
    }
}
