use std::sync::Arc;
use std::time::Duration;

use world::World;

use super::{Cut, Direction, How, Network};

fn network() -> (World, Arc<Network>) {
    let world = World::simulated(1);
    let network = Arc::new(Network::new(world.clock.clone()));
    (world, network)
}

async fn passes(world: &World, network: &Network, way: Direction) -> bool {
    let passed = world.clock.timeout(Duration::from_millis(1), network.pass(way)).await;
    passed.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_stall_has_a_direction_and_an_end() {
    let (world, network) = network();
    assert!(passes(&world, &network, Direction::Up).await);
    network.cut(
        Cut::new(How::Stall)
            .one_way(Direction::Up)
            .lasting(Duration::from_secs(5)),
    );
    assert!(!passes(&world, &network, Direction::Up).await);
    assert!(passes(&world, &network, Direction::Down).await);
    let began = world.clock.now();
    network.pass(Direction::Up).await;
    assert!(began.elapsed() > Duration::from_secs(4) && began.elapsed() < Duration::from_secs(6));
    assert_eq!((network.current(), network.cuts(), network.breaks()), (None, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_learns_of_a_change() {
    let (world, network) = network();
    network.cut(Cut::new(How::Stall));
    assert!(!passes(&world, &network, Direction::Down).await);
    let (clock, other) = (world.clock.clone(), Arc::clone(&network));
    world.tasks.spawn("heal", async move {
        clock.sleep(Duration::from_secs(1)).await;
        other.heal();
    });
    network.pass(Direction::Down).await;
    assert_eq!(network.current(), None);
}

#[tokio::test(start_paused = true)]
async fn a_reset_breaks_what_was_open_and_a_refusal_ends() {
    let (world, network) = network();
    let seen = network.breaks();
    network.cut(Cut::new(How::Refuse).lasting(Duration::from_secs(3)));
    network.broken(seen).await;
    network.refusing(true).await;
    let began = world.clock.now();
    network.refusing(false).await;
    assert!(began.elapsed() >= Duration::from_secs(3));
    let later = network.broken(network.breaks());
    assert!(world.clock.timeout(Duration::from_secs(1), later).await.is_err());
}

#[test]
fn only_a_stall_has_a_direction() {
    assert!(Cut::new(How::Reset).one_way(Direction::Up).check().is_err());
    assert!(Cut::new(How::Stall).one_way(Direction::Up).check().is_ok());
}
