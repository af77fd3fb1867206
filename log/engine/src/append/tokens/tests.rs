use std::time::Duration;

use super::*;

fn wait(tokens: &mut Tokens, now: Instant) -> Duration {
    tokens.ready_at(now) - now
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_free_and_then_the_rate_holds() {
    let clock = world::Clock::simulated();
    let mut tokens = Tokens::new(Some(4.0), 8, clock.now());
    for _ in 0..8 {
        assert_eq!(wait(&mut tokens, clock.now()), Duration::ZERO);
        tokens.take(clock.now());
    }
    assert_eq!(wait(&mut tokens, clock.now()), Duration::from_millis(250));
    clock.sleep(Duration::from_millis(250)).await;
    assert_eq!(wait(&mut tokens, clock.now()), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn an_overdraft_is_no_debt() {
    let clock = world::Clock::simulated();
    let mut tokens = Tokens::new(Some(4.0), 1, clock.now());
    for _ in 0..500 {
        tokens.take(clock.now());
    }
    assert_eq!(wait(&mut tokens, clock.now()), Duration::from_millis(250));
}

#[tokio::test(start_paused = true)]
async fn without_a_rate_there_is_always_one() {
    let clock = world::Clock::simulated();
    let mut tokens = Tokens::new(None, 1, clock.now());
    for _ in 0..100 {
        tokens.take(clock.now());
        assert_eq!(wait(&mut tokens, clock.now()), Duration::ZERO);
    }
}
