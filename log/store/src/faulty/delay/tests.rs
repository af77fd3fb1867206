use super::*;

/// Drawn delays in order.
fn drawn(delay: Delay, count: usize) -> Vec<Duration> {
    let chance = Chance::from_seed(7);
    let mut drawn: Vec<Duration> = (0..count).map(|_| delay.draw(&chance)).collect();
    drawn.sort_unstable();
    drawn
}

#[test]
fn delays_are_of_their_distribution() {
    let millis = Duration::from_millis;
    let check = |delay, at: usize, low: u64, high: u64| {
        let found = drawn(delay, 10_000)[at];
        assert!(
            found >= millis(low) && found <= millis(high),
            "{delay:?} at {at}: {found:?}"
        );
    };
    check(Delay::None, 9999, 0, 0);
    check(Delay::Fixed(millis(5)), 0, 5, 5);
    check(Delay::Exponential { mean: millis(100) }, 5000, 65, 74);
    check(Delay::Exponential { mean: millis(100) }, 9900, 420, 500);
    let tail = Delay::HeavyTail {
        shortest: millis(10),
        longest: Duration::from_secs(5),
    };
    check(tail, 0, 10, 11);
    check(tail, 5000, 15, 17);
    check(tail, 9990, 700, 1400);
    check(tail, 9999, 1400, 5000);
}
