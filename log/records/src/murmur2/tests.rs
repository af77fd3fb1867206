//! Tests of `murmur2`.
