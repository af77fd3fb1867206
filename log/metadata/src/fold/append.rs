//! Appends.

/// Room for judging.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {}
