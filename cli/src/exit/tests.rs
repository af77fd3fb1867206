use std::io;

use anyhow::Context as _;

use super::*;
use crate::client::Problem;

fn check(error: impl Into<anyhow::Error>, expect: Exit) {
    let error = error.into();
    assert_eq!(of(&error), expect, "{error:#}");
    let wrapped = Err::<(), _>(error).context("while working").expect_err("an error");
    assert_eq!(of(&wrapped), expect, "wrapped: {wrapped:#}");
}

fn problem(status: u16, code: &str) -> ClientError {
    ClientError::Problem(Box::new(Problem::new(status, code)))
}

#[test]
fn problems_of_the_agent_have_their_codes() {
    check(problem(400, "bad_request"), Exit::Failed);
    check(problem(401, "unauthenticated"), Exit::NotPermitted);
    check(problem(403, "forbidden"), Exit::NotPermitted);
    check(problem(403, "stale_epoch"), Exit::Conflict);
    check(problem(404, "topic_not_found"), Exit::NotFound);
    check(problem(404, "partition_not_found"), Exit::NotFound);
    check(problem(409, "topic_config_conflict"), Exit::Conflict);
    check(problem(410, "offset_gone"), Exit::NotFound);
    check(problem(412, "offset_mismatch"), Exit::Conflict);
    check(problem(413, "request_too_large"), Exit::Failed);
    check(problem(416, "offset_out_of_range"), Exit::NotFound);
    check(problem(429, "rate_limited"), Exit::Unreachable);
    check(problem(500, "internal"), Exit::Failed);
    check(problem(503, "draining"), Exit::Unreachable);
    check(problem(504, "timeout_unknown_outcome"), Exit::Failed);
}

#[test]
fn other_errors_have_theirs() {
    check(Ended::usage("no"), Exit::Usage);
    check(Ended::interrupted(), Exit::Interrupted);
    check(Ended::new(Exit::CheckNotMet, "no"), Exit::CheckNotMet);
    check(io::Error::from(io::ErrorKind::BrokenPipe), Exit::Ok);
    check(io::Error::from(io::ErrorKind::NotFound), Exit::NotFound);
    check(io::Error::from(io::ErrorKind::PermissionDenied), Exit::NotPermitted);
    check(io::Error::from(io::ErrorKind::Other), Exit::Failed);
    check(anyhow::anyhow!("anything"), Exit::Failed);
}

#[test]
fn numbers_are_the_documented_ones() {
    let all = [
        Exit::Ok,
        Exit::Failed,
        Exit::Usage,
        Exit::CheckNotMet,
        Exit::NotFound,
        Exit::Conflict,
        Exit::Unreachable,
        Exit::NotPermitted,
        Exit::Interrupted,
    ];
    assert_eq!(all.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 7, 130]);
}
