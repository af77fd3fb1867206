//! Tests of `whole`.
