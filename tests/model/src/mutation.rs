//! Every rule that can be switched off, in one table: the row of the history that it comes from, the model in which it
//! must be found, and what is done instead of the rule.

use crate::catalogue::Subject;
use crate::scope::Backend::{Puts, Sql};

macro_rules! mutations {
    ($($row:literal, $subject:expr, $name:ident: $says:literal;)*) => {
        /// A rule, switched off.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Mutation {
            $(#[doc = $says] $name,)*
        }

        /// All of them, those of the history first.
        pub const MUTATIONS: &[Mutation] = &[$(Mutation::$name,)*];

        impl Mutation {
            /// The row of the history it comes from, or the rule that it breaks where no row speaks of it.
            pub fn row(self) -> &'static str {
                match self { $(Mutation::$name => $row,)* }
            }

            /// The model in which it must be found.
            pub fn subject(self) -> Subject {
                match self { $(Mutation::$name => $subject,)* }
            }

            /// What is done instead of the rule.
            pub fn says(self) -> &'static str {
                match self { $(Mutation::$name => $says,)* }
            }
        }
    };
}

mutations! {
    "1", Subject::Loss(Sql), ReadFromNext: "a read begins behind one's own last position, not at it";
    "2", Subject::Loss(Puts), NoPredecessorLook: "nobody looks at the predecessor after a put";
    "3", Subject::Loss(Puts), MisfitBlocks: "an entry whose hash does not fit cannot be passed";
    "4", Subject::Loss(Puts), LatePutHalts: "an entry of an older era is a misfit like any other";
    "4", Subject::Loss(Sql), HaltNamesNoEra: "a halt is put and obeyed whatever era it tells of";
    "5", Subject::Witness, WitnessBlind: "the witness is replaced by one whose own chain does not hold it";
    "5", Subject::Witness, WitnessWithoutIfMatch: "the witness is replaced whatever it says by then";
    "6", Subject::Witness, SnapshotBelieved: "a snapshot is believed whatever entry stands at its position";
    "7", Subject::Life, NameWithoutNonce: "a life is named by its position alone";
    "8", Subject::Life, NonceForgotten: "a nonce that was seen makes another life";
    "8", Subject::Life, OldRegisterTaken: "a register is taken however long ago it was written";
    "8", Subject::Life, AheadRegisterTaken: "a register is taken that saw what the log has not come to yet";
    "9", Subject::Sequence, ReloadForgets: "after a reload sequences go on where the fold is";
    "10", Subject::Sequence, UnknownFreesLane: "what was answered as unknown does not hold its lane";
    "10", Subject::Sequence, NewLifeBeside: "after a reload another life begins beside the one that is not over";
    "11", Subject::Sweep, FlushMustRise: "flush numbers must rise with every proposal";
    "11", Subject::Sweep, SweptAtItsFlush: "an object goes when its own flush was taken and nothing names it";
    "11", Subject::Sweep, FlushFalls: "flushes are proposed as puts end, and numbers may fall";
    "14", Subject::Snapshot, UnnamedSnapshotSwept: "a snapshot that the base does not name is garbage";
    "14", Subject::Snapshot, BaseNamesOlder: "the base may name an older snapshot than it did";
    "15", Subject::Base(Sql), NoGenesis: "a ledger begins without an entry";
    "16", Subject::Base(Sql), DeleteAnyOrder: "entries are deleted in any order";
    "17", Subject::Base(Puts), BaseAgainstLastRead: "the base is compared with the last entry of a read";
    "17", Subject::Base(Puts), ChainBeforeBase: "the chain is judged before the base is looked at";
    "18", Subject::Base(Puts), LookSkippedByClock: "the look after a put is skipped by a local clock";
    "19", Subject::Snapshot, ServedWhileCatchingUp: "a fold is served before it has reached the end";
    "rule 1", Subject::Base(Puts), NoLookAfterPut: "a put is acknowledged without a look at the base";
    "rule 1", Subject::Base(Puts), NoLookAfterRead: "a read does not look at the base";
    "rule 1", Subject::Base(Sql), NoPredecessorLock: "a statement does not lock the predecessor";
    "rule 4", Subject::Sequence, TakenTwice: "a proposal is taken as often as it lands";
    "rule 4", Subject::Sequence, GapTaken: "a proposal is taken that leaves a gap";
    "rule 4", Subject::Sequence, DeadLifeTaken: "proposals of a life that is over are taken";
    "rule 4", Subject::Sequence, LifeOutlivesLoss: "a life goes on of whose sequences a loss took some";
    "rule 6", Subject::Life, RetireBlind: "a retirement is applied whatever was heard since";
    "rule 7", Subject::Witness, NoWitnessAtStart: "who starts does not compare the ledger with the witness";
    "rule 7", Subject::Loss(Puts), PutsAlike: "two puts of one content at one place are the same bytes";
    "rule 7", Subject::Misfits, MisfitUnchained: "the hash of an entry that does not fit says nothing of those before it";
    "rule 7", Subject::Misfits, LookBeginsOneBefore: "a look at an entry that does not fit begins at the one before it";
    "rule 9", Subject::Sequence, ReloadIsDefinite: "what is in flight at a reload is answered as refused";
    "rule 12", Subject::Grace, NoGrace: "what a swap replaced is deleted at once";
    "rule 12", Subject::Grace, DateBeforeFold: "a mark's date is asked for before its position is folded";
    "rule 12", Subject::Grace, AnyMarkCounts: "any old mark will do, whatever it names";
    "rule 12", Subject::Grace, LocalDate: "marks bear the date of a local clock";
    "rule 13", Subject::Swap, SwapBlind: "a swap is applied whatever stands where its inputs were";
    "rule 13", Subject::Swap, SwapUnclipped: "outputs below the log start are put back";
    "rule 13", Subject::Swap, TrimRefusesSwap: "a swap some of whose inputs were deleted is refused";
    "rule 14", Subject::Sweep, UnnamedIsGarbage: "whatever nothing names is garbage";
    "rule 14", Subject::Sweep, UnknownLifeIsDead: "a life that the sweeper has not folded is taken for dead";
    "rule 14", Subject::Remains, DeadAtOnce: "what a dead life left goes at once";
    "rule 14", Subject::Remains, NeverBornAtOnce: "what a life left goes at once where another entry stands than its register";
    "rule 14", Subject::Remains, UnnamedAtOnce: "what lost its last name goes at once";
    "rule 14", Subject::Remains, SweeperGoesOn: "a sweeper goes on from what it had folded, though that is lost";
    "rule 14", Subject::Remains, EraEndsNoLife: "a new era ends no life";
    "rule 16", Subject::Snapshot, BasePassesInline: "the base passes inline bytes that the second newest snapshot names";
}
