//! Every mistake: what it is, its name, the room whose code has it, and the rule of docs/guarantees.md that it breaks.

macro_rules! bugs {
    ($($(#[doc = $what:literal])+ $bug:ident = ($name:literal, $room:literal, $rule:literal);)+) => {
        /// A mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Bug {
            $($(#[doc = $what])+ $bug,)+
        }

        #[cfg(feature = "seeded_bugs")]
        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$bug),+];

            /// What it is called. These words are in no build without mistakes.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)+
                }
            }

            /// What it is.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self {
                    $(Bug::$bug => concat!($($what),+),)+
                }
            }

            /// The room that has it.
            #[must_use]
            pub fn room(self) -> &'static str {
                match self {
                    $(Bug::$bug => $room,)+
                }
            }

            /// The rule that it breaks.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self {
                    $(Bug::$bug => $rule,)+
                }
            }

            /// The one of this name.
            #[must_use]
            pub fn named(name: &str) -> Option<Bug> {
                Self::ALL.iter().copied().find(|bug| bug.name() == name)
            }
        }
    };
}

bugs! {
    /// A produce request is acknowledged when its entry is put, with the offsets that it should get.
    AckBeforeFold = ("ack-before-fold", "engine", "2");
    /// What was in an entry that was not put, or of which that is not known, is answered as failed.
    OutcomeFromPut = ("outcome-from-put", "engine", "4");
    /// A void outcome is told to who waits, as a refusal.
    VoidAnswered = ("void-answered", "engine", "4");
    /// After a reload the sequences of what was in flight are given to what comes next.
    SequenceReused = ("sequence-reused", "engine", "4");
    /// What is in flight when an agent reloads is answered as failed.
    ReloadDenies = ("reload-denies", "engine", "4");
    /// A flush gets its number when it is proposed, not when it is sealed.
    FlushAtProposing = ("flush-at-proposing", "engine", "14");
    /// A flush whose puts all failed is proposed all the same.
    UndurableProposed = ("undurable-proposed", "engine", "2");
    /// A partition changes its lane while something of it is in flight.
    LaneChange = ("lane-change", "engine", "3");
    /// A group overtakes those that wait for a change of lane.
    ParkedOvertaken = ("parked-overtaken", "engine", "3");
    /// Groups of one proposal get each other's answers.
    AnswersOutOfOrder = ("answers-out-of-order", "engine", "2");
    /// The memory of a refused request is not given back.
    PermitLeaked = ("permit-leaked", "engine", "18");
    /// Records that are in flight are served before the fold has them.
    ReadBeyondEnd = ("read-beyond-end", "engine", "3");
    /// A negative answer rests on whatever was folded last.
    StaleNegative = ("stale-negative", "engine", "10");
    /// A look at the tip that had begun before it was asked for counts.
    LookTooEarly = ("look-too-early", "engine", "10");
    /// A position that a client brings is not waited for.
    SeenIgnored = ("seen-ignored", "engine", "10");
    /// What a reload finds in the snapshot is served as if it were the tip.
    ServedWhileReloading = ("served-while-reloading", "engine", "10");
    /// The base moves over entries whose inline bytes are still named.
    BaseOverInline = ("base-over-inline", "engine", "16");

    /// After the put of an entry neither the base nor the entry before it is looked at.
    NoLookAfterPut = ("no-look-after-put", "ledger", "1");
    /// After a read the base is not looked at.
    NoLookAfterRead = ("no-look-after-read", "ledger", "1");
    /// The base is compared with the last position that was read, not with the first one wanted.
    BaseAgainstLast = ("base-against-last", "ledger", "1");
    /// A reader does not look for its own last entry.
    OwnEntryUnchecked = ("own-entry-unchecked", "ledger", "7");
    /// After the put of an entry the one before it is not compared.
    PredecessorUnchecked = ("predecessor-unchecked", "ledger", "7");
    /// An entry of an era that is over counts as one that does not fit.
    EraUnchecked = ("era-unchecked", "ledger", "7");
    /// The witness is refreshed by one who does not have what it says.
    WitnessByOneBehind = ("witness-by-one-behind", "ledger", "7");
    /// Entries are deleted that the base has not yet passed.
    DeleteBeforeBase = ("delete-before-base", "ledger", "1");

    /// Offsets of a larger run are given with a hole behind them.
    OffsetHole = ("offset-hole", "metadata", "3");
    /// A group is applied up to the first of its runs that is refused.
    PartialGroup = ("partial-group", "metadata", "4");
    /// A proposal that leaves a gap is taken.
    GapTaken = ("gap-taken", "metadata", "4");
    /// A producer's earlier batches are not remembered.
    WindowForgotten = ("window-forgotten", "metadata", "4");
    /// A snapshot does not hold a producer's earlier batches.
    WindowForgottenAtSnapshot = ("window-forgotten-at-snapshot", "metadata", "4");
    /// A copy of a register makes a second life.
    GhostLife = ("ghost-life", "metadata", "5");
    /// A life is retired though it was heard since its retirer looked.
    RetireBlind = ("retire-blind", "metadata", "6");
    /// Offsets are committed though the group has changed since the committer looked.
    CommitBlind = ("commit-blind", "metadata", "6");
    /// A log start moves by retention though it has moved since the trimmer looked.
    TrimBlind = ("trim-blind", "metadata", "6");
    /// A halted log takes writes.
    HaltedAppends = ("halted-appends", "metadata", "7");
    /// The fold forgets silent producers by itself, when it meets a mark.
    ExpiryInFold = ("expiry-in-fold", "metadata", "8");
    /// A swap is accepted whose inputs are not what stands there.
    StaleSwap = ("stale-swap", "metadata", "13");
    /// What tells of a topic's lake files is published though they have become others since.
    PublishBlind = ("publish-blind", "metadata", "13");
    /// Objects of lives that are registered beyond what was folded count as those of dead ones.
    SweepUnborn = ("sweep-unborn", "metadata", "14");
    /// An object counts as over when its own flush was taken, not a later one.
    SweepTakenFlush = ("sweep-taken-flush", "metadata", "14");
    /// What a dead life left goes at once, though the entry that ended it may yet be lost.
    SweepDeadAtOnce = ("sweep-dead-at-once", "metadata", "14");

    /// The last batch of a window is left out of the merged object.
    DropLastRow = ("drop-last-row", "compactor", "13");
    /// A partition counts as clean though some of its files were not rewritten.
    CleanThoughRefused = ("clean-though-refused", "compactor", "13");
    /// Tombstones go as soon as compaction by key finds them.
    TombstonesAtOnce = ("tombstones-at-once", "compactor", "13");
    /// Nothing is kept for readers who still may need it.
    GraceZero = ("grace-zero", "compactor", "12");
    /// Files of which a part is named no more are told of in a table.
    TornTold = ("torn-told", "compactor", "13");
    /// What published snapshots still lead to goes after the grace.
    ToldSwept = ("told-swept", "compactor", "12");
    /// Lake files go after the grace of segments, which is shorter than what queries are owed.
    LakeGraceOfSegments = ("lake-grace-of-segments", "compactor", "12");
    /// A mark bears the date of the process, not that of the store.
    MarkByOwnClock = ("mark-by-own-clock", "compactor", "12");
    /// A process trims and expires by its own clock, whatever the store's says.
    RetentionByOwnClock = ("retention-by-own-clock", "compactor", "8");
    /// Snapshots are swept that are as new as the base's, or newer.
    SnapshotSwept = ("snapshot-swept", "compactor", "12");
}
