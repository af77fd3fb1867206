//! The backends against real servers, a module each: `infra/local/run NAME -- cargo test -p ledger --test servers NAME`.
//!
//! Where a server is, a variable says; without it a test fails. None is left out in silence.

mod dynamodb;
mod postgres;
mod s3;

/// What a variable says.
fn variable(name: &str) -> String {
    match std::env::var_os(name).map(std::ffi::OsString::into_string) {
        Some(Ok(value)) if !value.is_empty() => value,
        _ => panic!("{name} does not say where the server is; run this through infra/local/run"),
    }
}

/// How many random calls are compared with the model's: `TIDELOG_DIFFERENTIAL_CALLS`, or 2,000.
fn differential_calls() -> u64 {
    match std::env::var_os("TIDELOG_DIFFERENTIAL_CALLS") {
        None => 2000,
        Some(calls) => calls
            .to_str()
            .and_then(|calls| calls.parse().ok())
            .expect("TIDELOG_DIFFERENTIAL_CALLS is a number"),
    }
}
