use super::*;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(10),
    max: Duration::from_millis(80),
    deadline: Duration::from_secs(1),
};

#[tokio::test(start_paused = true)]
async fn tries_until_it_succeeds() {
    let world = World::simulated(1);
    let result = retry(&world, &BACKOFF, |attempt| async move {
        if attempt < 3 {
            Err(Retry::Again("not yet"))
        } else {
            Ok(attempt)
        }
    });
    assert_eq!(result.await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn stops_when_told_to() {
    let world = World::simulated(1);
    let result: Result<(), _> = retry(&world, &BACKOFF, |_| async { Err(Retry::Stop("no use")) }).await;
    assert_eq!(result, Err("no use"));
}

#[tokio::test(start_paused = true)]
async fn gives_up_at_the_deadline() {
    let world = World::simulated(1);
    let began = world.clock.now();
    let result: Result<(), _> = retry(&world, &BACKOFF, |attempt| async move { Err(Retry::Again(attempt)) }).await;
    assert!(
        result.unwrap_err() > 10,
        "waits are bounded by 80 ms, so a second holds more than ten attempts"
    );
    assert!(began.elapsed() <= BACKOFF.deadline);
}

#[test]
fn waits_double_up_to_their_bound() {
    let bounds: Vec<u128> = (0..5).map(|attempt| BACKOFF.bound(attempt).as_millis()).collect();
    assert_eq!(bounds, [10, 20, 40, 80, 80]);
}
