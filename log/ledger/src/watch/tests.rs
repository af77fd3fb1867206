use super::*;

const QUICK: Duration = Duration::from_millis(50);
const SLOW: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn looks_slow_down_with_silence() {
    let clock = Clock::simulated();
    let pace = Pace::new(&clock, QUICK, SLOW);
    for (silence_ms, expect_ms) in [(0, 50), (800, 50), (8_000, 500), (16_000, 1_000), (3_600_000, 1_000)] {
        pace.grew();
        clock.sleep(Duration::from_millis(silence_ms)).await;
        assert_eq!(
            pace.interval(),
            Duration::from_millis(expect_ms),
            "after {silence_ms} ms"
        );
    }
    let began = clock.now();
    pace.pause().await;
    assert_eq!(began.elapsed(), SLOW);
}

#[tokio::test(start_paused = true)]
async fn all_are_woken_and_being_woken_for_nothing_makes_no_haste() {
    let clock = Clock::simulated();
    let pace = Pace::new(&clock, QUICK, SLOW);
    clock.sleep(Duration::from_mins(1)).await;
    let waiting = [pace.grown(), pace.grown()];
    pace.wake();
    futures::future::join_all(waiting).await;
    assert_eq!(pace.interval(), SLOW);
    let waiting = [pace.grown(), pace.grown()];
    pace.grew();
    futures::future::join_all(waiting).await;
    assert_eq!(pace.interval(), QUICK);
}

#[tokio::test(start_paused = true)]
async fn one_looks_and_when_it_goes_another() {
    let pace = Pace::new(&Clock::simulated(), QUICK, SLOW);
    let first = pace.turn().await;
    assert!(futures::FutureExt::now_or_never(pace.turn()).is_none());
    drop(first);
    assert!(futures::FutureExt::now_or_never(pace.turn()).is_some());
}
