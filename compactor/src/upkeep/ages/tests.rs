use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Notes positions a second apart and asks for what is `age` seconds old after the last.
async fn check(positions: &[u64], age: u32, expect: Option<u64>) {
    let clock = world::Clock::simulated();
    let mut ages = Ages::default();
    for (index, position) in positions.iter().enumerate() {
        if index > 0 {
            clock.sleep(SECOND).await;
        }
        ages.note(clock.now(), *position, SECOND);
    }
    assert_eq!(ages.through(clock.now(), SECOND * age), expect, "{positions:?} {age}");
}

#[tokio::test(start_paused = true)]
async fn the_last_that_is_old_enough() {
    check(&[], 0, None).await;
    check(&[5], 0, Some(5)).await;
    check(&[5], 1, None).await;
    check(&[5, 6, 7], 1, Some(6)).await;
    check(&[5, 6, 7], 2, Some(5)).await;
    check(&[5, 6, 7], 3, None).await;
    // One that stays the last grows old.
    check(&[5, 6, 6, 6], 2, Some(6)).await;
    // A reload begins anew.
    check(&[5, 6, 3], 1, None).await;
    check(&[5, 6, 3, 4], 1, Some(3)).await;
}
