use super::*;

/// Known when the code is compiled, so no hook leaves anything behind.
#[test]
fn nothing_is_asked_when_the_code_runs() {
    const ASKED: bool = is(Bug::AckBeforeFold) || is(Bug::GraceZero) || is(Bug::SweepUnborn);
    const { assert!(!ASKED) }
}
