//! What watching an idle ledger costs: a process of its own, so that nothing else is counted.

#![cfg(target_os = "linux")]

use std::time::Duration;

use ledger::{Backend, Hash, SqliteLedger};
use world::World;

/// CPU time of this process so far, user and system, in hundredths of a second (`USER_HZ` is 100 on every Linux).
fn cpu_ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("proc");
    // The name, second, may hold spaces; it ends with the last parenthesis. utime and stime are fields 14 and 15.
    let after = stat.rsplit(')').next().expect("fields follow the name");
    let fields: Vec<&str> = after.split_whitespace().collect();
    [11, 12]
        .iter()
        .filter_map(|&field: &usize| fields[field].parse::<u64>().ok())
        .sum()
}

#[tokio::test]
async fn three_watchers_cost_under_a_percent() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = World::real();
    let ledger = SqliteLedger::open(&dir.path().join("ledger.db"), &world)
        .await
        .expect("a ledger");
    ledger.append(0, Hash::ZERO, "genesis".into()).await.expect("appends");
    let watchers = futures::future::join_all((0..3).map(|_| ledger.watch(0)));
    let watched = async {
        world.clock.sleep(Duration::from_secs(2)).await;
        let (before, began) = (cpu_ticks(), world.clock.now());
        world.clock.sleep(Duration::from_secs(4)).await;
        (cpu_ticks() - before, began.elapsed())
    };
    tokio::select! {
        biased;
        woken = watchers => panic!("nothing was appended: {woken:?}"),
        (ticks, took) = watched => {
            let percent = ticks as f64 / took.as_secs_f64();
            // Without optimisation the same costs several times as much.
            let percent_max = if cfg!(debug_assertions) { 2.0 } else { 0.5 };
            assert!(percent < percent_max, "{percent:.2} % of a core");
        }
    }
}
