use super::*;

#[test]
fn clocks() {
    let check = |own: (i64, i64), theirs: i64, grain_ms: u64, verdict: Verdict, what: &str| {
        let found = clock("clock", own, theirs, Duration::from_millis(grain_ms));
        assert_eq!(
            (found.verdict, found.what.as_str()),
            (verdict, what),
            "{own:?} {theirs}"
        );
        assert_eq!(found.advice.is_empty(), verdict == Verdict::Ok);
    };
    let agree = "the clocks agree";
    check((1_000_000, 1_000_010), 1_000_005, 0, Verdict::Ok, agree);
    // A Date has whole seconds.
    check((1_000_900, 1_000_950), 1_000_000, 1000, Verdict::Ok, agree);
    check((1_000_000, 1_009_000), 1_000_500, 0, Verdict::Ok, agree);
    check(
        (1_000_000, 1_000_000),
        1_005_000,
        0,
        Verdict::Ok,
        "its clock is 5.0 s ahead of the one here",
    );
    check(
        (1_000_000, 1_000_000),
        1_005_100,
        0,
        Verdict::Warn,
        "its clock is 5.1 s ahead of the one here",
    );
    check(
        (1_000_000, 1_000_000),
        994_000,
        0,
        Verdict::Warn,
        "its clock is 6.0 s behind the one here",
    );
    check(
        (1_000_000, 1_000_000),
        940_000,
        0,
        Verdict::Warn,
        "its clock is 60.0 s behind the one here",
    );
    check(
        (1_000_000, 1_000_000),
        939_900,
        0,
        Verdict::Fail,
        "its clock is 60.1 s behind the one here",
    );
    check(
        (1_000_000, 1_000_000),
        1_061_000,
        1000,
        Verdict::Fail,
        "its clock is 61.0 s ahead of the one here",
    );
}

#[test]
fn latencies() {
    let check = |took_ms: &[u64], verdict: Verdict| {
        let took = took_ms.iter().map(|ms| Duration::from_millis(*ms)).collect();
        let found = latency("look", took, Duration::from_millis(100), "look closer");
        assert_eq!(found.verdict, verdict, "{took_ms:?}: {}", found.what);
    };
    check(&[], Verdict::Warn);
    check(&[100], Verdict::Ok);
    check(&[101], Verdict::Warn);
    check(&[900, 10, 20, 30, 800], Verdict::Ok);
    check(&[900, 10, 200, 300, 800], Verdict::Warn);
}
