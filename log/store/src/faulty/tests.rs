use futures::TryStreamExt as _;

use super::*;
use crate::MemoryObjects;

fn faulty(world: &World, faults: Faults) -> FaultyObjects {
    let inner = Arc::new(MemoryObjects::new(world.clock.clone()));
    FaultyObjects::new(inner, world.child("faults"), faults)
}

const ROUGH: Faults = Faults {
    delay: Delay::HeavyTail {
        shortest: Duration::from_millis(2),
        longest: Duration::from_secs(20),
    },
    slowdown: 1.0,
    refused: 0.1,
    unanswered: 0.1,
    hung: 0.02,
    conflict: 0.1,
    truncated: 0.1,
    flipped: 0.1,
    full: false,
};

/// What four clients see of a rough place, with the times.
async fn run(seed: u64) -> (Vec<String>, FaultCounts, u64) {
    let world = World::simulated(seed);
    let objects = faulty(&world, ROUGH);
    let trace = Arc::new(Mutex::new(Vec::new()));
    let began = world.clock.now();
    for client in 0..4 {
        let (objects, trace, world) = (objects.clone(), Arc::clone(&trace), world.child("client"));
        world.clone().tasks.spawn("client", async move {
            for step in 0..50 {
                let path = format!("p{}", world.chance.below(10));
                let outcome = world
                    .clock
                    .timeout(Duration::from_secs(5), one_call(&objects, &path, world.chance.below(5)))
                    .await;
                let at = (world.clock.now() - began).as_micros();
                trace.lock().push(format!("{at} {client}.{step} {path} {outcome:?}"));
            }
        });
    }
    world.clock.sleep(Duration::from_secs(3600)).await;
    let trace = trace.lock().clone();
    (trace, objects.counts(), world.chance.u64())
}

async fn one_call(objects: &FaultyObjects, path: &str, kind: u64) -> String {
    let bytes = Bytes::from(path.repeat(20));
    match kind {
        0 => format!("{:?}", objects.put(path, &[bytes]).await),
        1 => format!("{:?}", objects.get(path, None).await),
        2 => format!("{:?}", objects.create(path, bytes).await),
        3 => format!("{:?}", objects.delete(&[path.to_owned()]).await),
        _ => format!("{:?}", objects.list("").try_collect::<Vec<_>>().await),
    }
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_run() {
    let (trace, counts, next) = run(5).await;
    assert_eq!(trace.len(), 200);
    assert_eq!(run(5).await, (trace.clone(), counts.clone(), next));
    assert_ne!(run(6).await.0, trace);
    let seen = [
        counts.refused,
        counts.unanswered,
        counts.hung,
        counts.conflicts,
        counts.truncated,
        counts.flipped,
    ];
    assert!(seen.iter().all(|count| *count > 0), "{counts:?}");
    assert_eq!(counts.calls.len(), 5);
}

#[tokio::test(start_paused = true)]
async fn each_fault_does_what_it_says() {
    let world = World::simulated(1);
    let objects = faulty(&world, Faults::NONE);
    let part = [Bytes::from(vec![0; 100])];
    let put = async |path: &str| objects.put(path, &part).await.map_err(|failed| failed.code());
    let there = async |path: &str| objects.inner.get(path, None).await.is_ok();

    objects.set(Faults {
        refused: 1.0,
        ..Faults::NONE
    });
    assert_eq!((put("refused").await, there("refused").await), (Err("unknown"), false));
    objects.set(Faults {
        unanswered: 1.0,
        ..Faults::NONE
    });
    assert_eq!(
        (put("unanswered").await, there("unanswered").await),
        (Err("unknown"), true)
    );
    objects.set(Faults {
        full: true,
        ..Faults::NONE
    });
    assert_eq!((put("full").await, there("full").await), (Err("full"), false));
    assert!(objects.get("unanswered", None).await.is_ok(), "a full disk can be read");

    objects.set(Faults {
        truncated: 1.0,
        ..Faults::NONE
    });
    let fetched = objects.get("unanswered", None).await.unwrap();
    assert!(fetched.bytes.len() < 100 && fetched.object_bytes == 100);
    objects.set(Faults {
        flipped: 1.0,
        ..Faults::NONE
    });
    let fetched = objects.get("unanswered", None).await.unwrap();
    let ones: u32 = fetched.bytes.iter().map(|byte| byte.count_ones()).sum();
    assert_eq!((fetched.bytes.len(), ones), (100, 1));

    objects.set(Faults {
        hung: 1.0,
        ..Faults::NONE
    });
    let late = world.clock.timeout(Duration::from_secs(3600), put("hung")).await;
    assert!(late.is_err());
}

#[tokio::test(start_paused = true)]
async fn slower_from_now_on() {
    let world = World::simulated(1);
    let fixed = Faults {
        delay: Delay::Fixed(Duration::from_millis(10)),
        ..Faults::NONE
    };
    let objects = faulty(&world, fixed);
    let took = async || {
        let began = world.clock.now();
        objects.put("a", &[]).await.unwrap();
        (world.clock.now() - began).as_millis()
    };
    let usual = took().await;
    objects.set(Faults {
        slowdown: 100.0,
        ..fixed
    });
    let slow = took().await;
    assert!(
        (10..=12).contains(&usual) && (1000..=1002).contains(&slow),
        "{usual} {slow}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_strikes_before_or_after_the_effect() {
    for (moment, applied) in [(Moment::Before, false), (Moment::Applied, true)] {
        let world = World::simulated(1);
        let objects = faulty(&world, Faults::NONE);
        let process = world.child("process");
        let tasks = process.tasks.clone();
        objects.set_hook(move |call| {
            if call.index == 1 && call.moment == moment {
                tasks.kill();
                return Then::Hang;
            }
            Then::Go
        });
        let caller = objects.clone();
        process.tasks.spawn("caller", async move {
            for path in ["a", "b", "c"] {
                caller.put(path, &[]).await.unwrap();
            }
        });
        world.clock.sleep(Duration::from_secs(1)).await;
        let found: Vec<Found> = objects.inner.list("").try_collect().await.unwrap();
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        assert_eq!(paths, if applied { vec!["a", "b"] } else { vec!["a"] }, "{moment:?}");
        assert_eq!(objects.counts().crashed, 1);
    }
}
