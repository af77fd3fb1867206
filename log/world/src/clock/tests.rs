use super::*;

#[tokio::test(start_paused = true)]
async fn virtual_wall_time_follows_the_paused_clock() {
    let clock = Clock::simulated();
    let before = clock.wall_ms();
    clock.sleep(Duration::from_secs(90)).await;
    assert_eq!(clock.wall_ms() - before, 90_000);
}

#[tokio::test(start_paused = true)]
async fn a_skewed_clock_leaves_the_others_alone() {
    let (one, other) = (Clock::simulated().skewable(), Clock::simulated());
    one.skew(-3_600_000);
    assert_eq!(other.wall_ms() - one.wall_ms(), 3_600_000);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_ends_what_takes_too_long() {
    let clock = Clock::simulated();
    let short = Duration::from_millis(10);
    assert_eq!(
        clock.timeout(short, clock.sleep(Duration::from_millis(20))).await,
        Err(Elapsed)
    );
    assert_eq!(clock.timeout(short, async { 7 }).await, Ok(7));
}

#[test]
fn the_real_clock_is_past_2020() {
    assert!(Clock::real().wall_ms() > 1_577_836_800_000);
}
