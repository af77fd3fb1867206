//! The backends that need a server, against real ones: the suite, random calls, races, kills. The servers and where they
//! are told: `infra/local/run NAME... -- cargo test -p ledger --test servers NAME`.

mod dynamodb;

/// Where a server is. Without it nothing would be tested, so nothing passes.
#[expect(
    clippy::disallowed_methods,
    reason = "the servers are told to the tests by their variables"
)]
fn told(variable: &str) -> String {
    match std::env::var(variable) {
        Ok(told) if !told.is_empty() => told,
        _ => panic!("{variable} is not set; infra/local/run starts the servers that these tests need"),
    }
}

/// How many random calls are compared; `TIDELOG_TEST_CALLS` says otherwise.
#[expect(clippy::disallowed_methods, reason = "how long to test is told by a variable")]
fn calls() -> u64 {
    match std::env::var("TIDELOG_TEST_CALLS") {
        Ok(calls) => calls.parse().expect("TIDELOG_TEST_CALLS is a number"),
        Err(_) => 4000,
    }
}
