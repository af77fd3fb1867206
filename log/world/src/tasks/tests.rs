use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::World;

/// Counts once a second until it is stopped.
fn ticking(world: &World) -> Arc<AtomicU32> {
    let ticks = Arc::new(AtomicU32::new(0));
    let (counter, clock, tasks) = (Arc::clone(&ticks), world.clock.clone(), world.tasks.clone());
    world.tasks.spawn("ticking", async move {
        while !tasks.is_stopping() {
            clock.sleep(Duration::from_secs(1)).await;
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    ticks
}

#[tokio::test(start_paused = true)]
async fn drain_waits_for_what_is_in_hand() {
    let world = World::simulated(1);
    let ticks = ticking(&world);
    assert!(world.tasks.drain(Duration::from_secs(5)).await);
    assert!(ticks.load(Ordering::Relaxed) <= 1);
}

#[tokio::test(start_paused = true)]
async fn drain_gives_up_on_what_never_ends() {
    let world = World::simulated(1);
    world.tasks.spawn("stuck", std::future::pending());
    assert!(!world.tasks.drain(Duration::from_secs(5)).await);
}

#[tokio::test(start_paused = true)]
async fn a_kill_drops_the_child_and_not_the_parent() {
    let world = World::simulated(1);
    let child = world.child("child");
    let (parents, childs) = (ticking(&world), ticking(&child));
    world.clock.sleep(Duration::from_millis(2500)).await;
    child.tasks.kill();
    world.clock.sleep(Duration::from_secs(2)).await;
    assert_eq!(
        (parents.load(Ordering::Relaxed), childs.load(Ordering::Relaxed)),
        (4, 2)
    );
    assert!(child.tasks.drain(Duration::from_secs(1)).await, "killed tasks are gone");
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_tasks_while_time_goes_on() {
    let world = World::simulated(1);
    let ticks = ticking(&world);
    world.clock.sleep(Duration::from_millis(1500)).await;
    world.tasks.pause();
    world.clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(ticks.load(Ordering::Relaxed), 1);
    world.tasks.resume();
    world.clock.sleep(Duration::from_millis(1500)).await;
    assert_eq!(
        ticks.load(Ordering::Relaxed),
        3,
        "the tick that fell due in the pause, and one more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gated_future_ends_with_the_tree() {
    let world = World::simulated(1);
    assert_eq!(world.tasks.gated(async { 3 }).await, Some(3));
    world.tasks.kill();
    assert_eq!(world.tasks.gated(std::future::pending::<()>()).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_parent_stops_its_children() {
    let world = World::simulated(1);
    let child = world.child("child");
    world.tasks.stop();
    child.tasks.stopping().await;
    assert!(child.tasks.is_stopping());
}

#[tokio::test]
async fn blocking_work_answers() {
    assert_eq!(World::real().tasks.blocking(|| 5).await, 5);
    assert_eq!(World::simulated(1).tasks.blocking(|| 6).await, 6);
}

/// Run by the test below, in a process of its own.
#[tokio::test]
#[ignore = "it ends its process"]
#[expect(clippy::disallowed_methods, reason = "a real process, and real time")]
async fn a_panic_of_a_task() {
    let tasks = Tasks::threaded();
    tasks.spawn("panicking", async { panic!("on purpose") });
    tokio::time::sleep(Duration::from_secs(30)).await;
}

#[test]
fn a_task_that_panics_ends_the_process() {
    let own = std::env::current_exe().unwrap();
    let ended = std::process::Command::new(own)
        .args(["--ignored", "--exact", "--nocapture", "tasks::tests::a_panic_of_a_task"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code().is_none(), "{:?}: {told}", ended.status);
    assert!(told.contains("on purpose"), "{told}");
}
