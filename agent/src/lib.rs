//! The fronts of an agent: HTTP now.
