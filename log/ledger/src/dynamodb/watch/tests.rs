use std::sync::atomic::{AtomicU64, Ordering};

use world::World;

use super::*;

/// The end of a ledger, and how often it was asked for.
#[derive(Default)]
struct Tail {
    end: AtomicU64,
    looks: AtomicU64,
}

impl Tail {
    async fn look(&self, after: Position) -> Result<bool, LedgerError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        Ok(self.end.load(Ordering::Relaxed) > after)
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_hour_costs_a_look_a_second_whoever_watches() {
    let world = World::simulated(0);
    let (watch, tail) = (Watch::new(&world.clock), Tail::default());
    let watchers = futures::future::join_all((0..3).map(|_| watch.until(0, |_| tail.look(0))));
    let hour = world.clock.timeout(Duration::from_secs(3600), watchers).await;
    assert!(hour.is_err(), "nothing came");
    let looks = tail.looks.load(Ordering::Relaxed);
    assert!((3580..3680).contains(&looks), "{looks} looks");
}

#[tokio::test(start_paused = true)]
async fn one_look_wakes_all_and_soon_while_there_is_something() {
    let world = World::simulated(0);
    let (watch, tail) = (Watch::new(&world.clock), Tail::default());
    let began = world.clock.now();
    let grow = async {
        world.clock.sleep(Duration::from_millis(190)).await;
        tail.end.store(1, Ordering::Relaxed);
    };
    let watchers = futures::future::join_all((0..3).map(|_| watch.until(0, |_| tail.look(0))));
    let (woken, ()) = futures::join!(watchers, grow);
    assert_eq!(woken, [Ok(()), Ok(()), Ok(())]);
    assert!(began.elapsed() <= Duration::from_millis(300), "{:?}", began.elapsed());
    // Three looks at first, and one poller's every 50 ms.
    assert_eq!(tail.looks.load(Ordering::Relaxed), 3 + 4);
}

#[tokio::test(start_paused = true)]
async fn an_own_append_wakes_at_once_and_once() {
    let world = World::simulated(0);
    let (watch, tail) = (Watch::new(&world.clock), Tail::default());
    let began = world.clock.now();
    let append = async {
        world.clock.sleep(Duration::from_millis(7)).await;
        watch.appended(1);
    };
    let (woken, ()) = futures::join!(watch.until(0, |_| tail.look(0)), append);
    assert_eq!((woken, began.elapsed()), (Ok(()), Duration::from_millis(7)));
    // Between a read and the next watch: told without a look. The ledger has lost it: not told again.
    let looks = tail.looks.load(Ordering::Relaxed);
    assert_eq!(watch.until(0, |_| tail.look(0)).await, Ok(()));
    assert_eq!(tail.looks.load(Ordering::Relaxed), looks);
    let again = world
        .clock
        .timeout(Duration::from_secs(9), watch.until(0, |_| tail.look(0)));
    assert!(again.await.is_err());
}

#[tokio::test(start_paused = true)]
async fn when_the_poller_goes_another_takes_its_turn() {
    let world = World::simulated(0);
    let (watch, tail) = (Watch::new(&world.clock), Tail::default());
    let first = world
        .clock
        .timeout(Duration::from_millis(60), watch.until(0, |_| tail.look(0)));
    let grow = async {
        world.clock.sleep(Duration::from_millis(100)).await;
        tail.end.store(1, Ordering::Relaxed);
    };
    let (first, second, ()) = futures::join!(first, watch.until(0, |_| tail.look(0)), grow);
    assert!(first.is_err());
    assert_eq!(second, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_failed_look_is_told() {
    let world = World::simulated(0);
    let watch = Watch::new(&world.clock);
    let failed = watch
        .until(0, |_| async { Err(LedgerError::unavailable("down")) })
        .await;
    assert_eq!(failed, Err(LedgerError::unavailable("down")));
}
