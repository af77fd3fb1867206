//! Entries, proposals, the fold and its snapshots: everything the ledger means.
