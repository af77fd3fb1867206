use std::time::Duration;

use world::Chance;

use super::Latency;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn texts_say_what_is_drawn() {
    for (text, expect) in [
        ("35ms", Some(Latency::Fixed(ms(35)))),
        ("1.5s", Some(Latency::Fixed(ms(1500)))),
        ("200us", Some(Latency::Fixed(Duration::from_micros(200)))),
        ("2m", Some(Latency::Fixed(ms(120_000)))),
        ("1h", Some(Latency::Fixed(ms(3_600_000)))),
        ("uniform:10ms,50ms", Some(Latency::Uniform(ms(10), ms(50)))),
        ("lognormal:35ms, 150ms", Some(Latency::LogNormal(ms(35), ms(150)))),
        ("uniform:50ms,10ms", None),
        ("lognormal:0ms,150ms", None),
        ("lognormal:35ms", None),
        ("normal:1ms,2ms", None),
        ("35", None),
        ("ms", None),
        ("-1ms", None),
        ("25h", None),
        ("", None),
    ] {
        let parsed = text.parse::<Latency>();
        assert_eq!(parsed.clone().ok(), expect, "{text}");
        if let Ok(latency) = parsed {
            assert_eq!(latency.to_string().parse(), Ok(latency), "{text} comes back");
        }
    }
}

#[test]
fn what_is_drawn_has_its_median_and_its_99th_percentile() {
    let (latency, chance) = (Latency::LogNormal(ms(35), ms(150)), Chance::from_seed(1));
    let mut drawn: Vec<Duration> = (0..100_000).map(|_| latency.draw(&chance)).collect();
    drawn.sort_unstable();
    let (median, p99) = (drawn[50_000], drawn[99_000]);
    assert!(median > ms(34) && median < ms(36), "{median:?}");
    assert!(p99 > ms(140) && p99 < ms(160), "{p99:?}");
}

#[test]
fn a_range_is_kept() {
    let (latency, chance) = (Latency::Uniform(ms(10), ms(12)), Chance::from_seed(1));
    let drawn: Vec<Duration> = (0..1_000).map(|_| latency.draw(&chance)).collect();
    assert!(drawn.iter().all(|one| (ms(10)..=ms(12)).contains(one)));
    assert!(drawn.iter().any(|one| *one < ms(11)) && drawn.iter().any(|one| *one > ms(11)));
}
