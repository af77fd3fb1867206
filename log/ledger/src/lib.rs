//! The ordering table: positions, the chain, the base, halt and era.
