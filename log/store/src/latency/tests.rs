use super::*;

fn filled(samples: &[(u64, u64)]) -> Latency {
    let mut latency = Latency::new();
    for (millis, count) in samples {
        (0..*count).for_each(|_| latency.record(Duration::from_millis(*millis)));
    }
    latency
}

#[test]
fn the_quantile_is_at_most_a_quarter_too_high() {
    let check = |samples: &[(u64, u64)], millis: u64| {
        let p99 = filled(samples).p99().expect("enough samples");
        let exact = Duration::from_millis(millis);
        assert!(
            p99 >= exact && p99 <= exact.mul_f64(1.26),
            "{samples:?}: {p99:?}, exactly {exact:?}"
        );
    };
    check(&[(10, 1000)], 10);
    check(&[(10, 995), (900, 5)], 10);
    check(&[(10, 980), (900, 20)], 900);
    check(&[(1, 100)], 1);
    check(&[(3_600_000, 200)], 3_600_000);
}

#[test]
fn few_samples_say_nothing() {
    assert_eq!(filled(&[(10, 99)]).p99(), None);
}

#[test]
fn old_samples_are_forgotten() {
    let p99 = filled(&[(1000, 2048), (1, 20_000)]).p99().expect("enough samples");
    assert!(p99 < Duration::from_millis(2), "{p99:?}");
}

#[test]
fn any_duration_has_a_bucket() {
    let mut latency = filled(&[(1, 100)]);
    [Duration::ZERO, Duration::from_nanos(1), Duration::MAX]
        .into_iter()
        .for_each(|took| latency.record(took));
    assert!(latency.p99().is_some());
}
