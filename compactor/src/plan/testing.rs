//! Histories for tests of plans.
