use super::*;
use crate::error::Happened;
use crate::memory::MemoryLedger;

/// Appends a thousand entries with one fault certain, and counts what was stored and what was answered.
async fn count(faults: Faults, patience: Duration) -> (usize, usize, usize) {
    let memory = MemoryLedger::without_sql();
    let world = World::simulated(7);
    let faulty = FaultyLedger::new(Arc::new(memory.clone()), faults, world.clone());
    let (mut answered, mut unknown) = (0, 0);
    for position in 0..1000 {
        match faulty.append(position, Hash::ZERO, Bytes::from_static(b"x")).await {
            Ok(Append::Appended) => answered += 1,
            Ok(other) => panic!("{other:?}"),
            Err(error) => unknown += usize::from(error.happened() == Happened::Maybe),
        }
    }
    world.clock.sleep(patience).await;
    (memory.entries().len(), answered, unknown)
}

#[tokio::test(start_paused = true)]
async fn happened_or_not_and_answered_or_not() {
    let none = Faults::NONE;
    let late_max = Duration::from_secs(9);
    let check = async |faults: Faults, expect: (usize, usize, usize)| {
        assert_eq!(count(faults, Duration::ZERO).await, expect, "{faults:?}");
    };
    check(none, (1000, 1000, 0)).await;
    check(Faults { refused: 1.0, ..none }, (0, 0, 0)).await;
    check(Faults { lost: 1.0, ..none }, (0, 0, 1000)).await;
    check(
        Faults {
            unanswered: 1.0,
            ..none
        },
        (1000, 0, 1000),
    )
    .await;
    check(
        Faults {
            duplicated: 1.0,
            ..none
        },
        (1000, 1000, 0),
    )
    .await;
    let late = Faults {
        late: 1.0,
        late_max,
        ..none
    };
    assert_eq!(count(late, late_max).await, (1000, 0, 1000), "late ones arrive");
    assert!(count(late, late_max / 2).await.0 < 1000, "but not at once");
}

#[tokio::test(start_paused = true)]
async fn a_rough_day_has_some_of_each() {
    let (stored, answered, unknown) = count(Faults::ROUGH, Duration::from_secs(60)).await;
    assert!(
        answered > 800 && unknown > 50 && stored > answered + 30,
        "{stored} {answered} {unknown}"
    );
    let again = count(Faults::ROUGH, Duration::from_secs(60)).await;
    assert_eq!(again, (stored, answered, unknown), "the same seed gives the same day");
}

#[tokio::test(start_paused = true)]
async fn a_hook_sees_every_moment_and_can_crash_there() {
    let memory = MemoryLedger::without_sql();
    let faulty = FaultyLedger::new(Arc::new(memory.clone()), Faults::SLOW, World::simulated(1));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (trace, crash_at) = (seen.clone(), Moment::Applied);
    faulty.set_hook(Some(Arc::new(move |seam: &Seam| {
        trace.lock().push((seam.number, seam.call, seam.position, seam.moment));
        match seam.number == 1 && seam.moment == crash_at {
            true => Verdict::Crash,
            false => Verdict::Go,
        }
    })));
    faulty.base().await.unwrap();
    let append = faulty.append(3, Hash::ZERO, Bytes::from_static(b"x"));
    let told = World::simulated(2).clock.timeout(Duration::from_secs(60), append).await;
    assert!(told.is_err(), "the caller hears nothing");
    assert_eq!(memory.entries().len(), 1, "but it happened");
    let expect = [
        (0, "base", 0, Moment::Before),
        (0, "base", 0, Moment::Applied),
        (0, "base", 0, Moment::Answered),
        (1, "append", 3, Moment::Before),
        (1, "append", 3, Moment::Applied),
    ];
    assert_eq!(*seen.lock(), expect);
    assert_eq!(faulty.calls(), 2);
}
