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

/// A port for a server that is killed and started again, below those that the system gives to clients: one of these could
/// take it in between.
fn free_port() -> u16 {
    let chance = world::World::real().chance;
    let ports = std::iter::repeat_with(|| 12_000 + u16::try_from(chance.below(7000)).expect("a port"));
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.take(100).find(free).expect("a free port")
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
