use super::*;

const MS: Duration = Duration::from_millis(1);
const LIMITS: Limits = Limits {
    bytes_max: 1000,
    named_bytes_max: 100,
    puts_in_flight_max: 2,
    linger: Duration::from_millis(250),
};

#[tokio::test(start_paused = true)]
async fn a_flush_goes_by_size_by_age_or_because_nothing_else_does() {
    let began = world::World::simulated(1).clock.now();
    // Bytes, bytes that name them, puts in flight, and when there is a token, at 10 ms after the first came.
    let check = |bytes, named_bytes, puts, token: u32, expect: Option<(u32, Reason)>| {
        let waiting = Waiting {
            bytes,
            named_bytes,
            since: began,
        };
        let found = due(waiting, &LIMITS, puts, began + token * MS, began + 10 * MS);
        let expect = expect.map(|(at, reason)| (began + at * MS, reason));
        assert_eq!(found, expect, "{bytes} {named_bytes} {puts} {token}");
    };
    check(1, 1, 0, 10, Some((10, Reason::Idle)));
    check(1, 1, 0, 99, Some((99, Reason::Idle)));
    check(1, 1, 1, 10, Some((250, Reason::Linger)));
    check(1, 1, 1, 400, Some((400, Reason::Linger)));
    check(1, 1, 2, 10, None);
    check(1000, 1, 0, 99, Some((10, Reason::Size)));
    check(1000, 1, 1, 99, Some((10, Reason::Size)));
    check(1000, 1, 2, 10, None);
    check(999, 99, 1, 10, Some((250, Reason::Linger)));
    check(1, 100, 1, 99, Some((10, Reason::Size)));
}
