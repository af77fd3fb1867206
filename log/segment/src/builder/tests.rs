//! Tests of `builder`.
