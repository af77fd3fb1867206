//! Following the ledger, append, fetch, groups and retention.
