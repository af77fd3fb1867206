use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::{Backing, Delay, Faults, FaultyObjects, MemoryObjects};

const PATH: &str = "p";
const KEY: Key = Key::Witness;

struct Bench {
    reader: Arc<Reader>,
    objects: FaultyObjects,
    world: World,
}

fn bytes(length: usize) -> Bytes {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

/// An object of this length, read in blocks of 10 bytes and requests of 40, over a store that takes 20 ms.
async fn bench(length: usize, cache_bytes_max: u64) -> Bench {
    let world = World::simulated(3);
    let memory = Arc::new(MemoryObjects::new(world.clock.clone()));
    memory.put(PATH, &[bytes(length)]).await.unwrap();
    let objects = FaultyObjects::new(memory, world.child("faults"), slow());
    let options = StoreOptions {
        cache_bytes_max,
        cache_block_bytes: 10,
        read_run_bytes_max: 40,
        read_bytes_max: 1000,
        ..StoreOptions::default()
    };
    let retries = Arc::new(Allowance::new(options.retries_per_hundred, 10, 10));
    let reader = Reader::new(Arc::new(objects.clone()), retries, options, world.clone());
    Bench {
        reader: Arc::new(reader),
        objects,
        world,
    }
}

fn slow() -> Faults {
    Faults {
        delay: Delay::Fixed(Duration::from_millis(20)),
        ..Faults::NONE
    }
}

impl Bench {
    async fn read(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let mut read = self
            .reader
            .read(KEY, PATH, std::slice::from_ref(&range), ReadClass::Tail)
            .await?;
        Ok(read.pop().unwrap())
    }

    fn gets(&self) -> u64 {
        self.objects.counts().calls.get(&Op::Get).copied().unwrap_or(0)
    }
}

fn only(range: Range<u64>) -> [Range<u64>; 1] {
    [range]
}

const ROOM: u64 = 1 << 20;

#[tokio::test(start_paused = true)]
async fn neighbours_are_one_request_and_the_cache_serves_the_rest() {
    let bench = bench(100, ROOM).await;
    let check = async |range: Range<u64>, gets: u64| {
        let read = bench.read(range.clone()).await.unwrap();
        let naive = bytes(100).slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
        assert_eq!((read, bench.gets()), (naive, gets), "{range:?}");
    };
    check(12..38, 1).await;
    check(10..40, 1).await;
    check(35..42, 2).await;
    // Blocks 0, and 5 to 9 in two requests of at most four.
    check(0..100, 5).await;
    check(0..100, 5).await;
    check(50..50, 5).await;
}

#[tokio::test(start_paused = true)]
async fn many_readers_are_one_request() {
    let bench = bench(100, ROOM).await;
    let reads = (0..50).map(|start| bench.read(start % 10..start % 10 + 20));
    let read = futures::future::join_all(reads).await;
    assert!(read.iter().all(Result::is_ok));
    // Blocks 0 and 1, and block 2 for those who begin later.
    assert_eq!(bench.gets(), 2);
}

/// Who asked first goes away; who waits with them is served by the same request.
#[tokio::test(start_paused = true)]
async fn a_reader_who_goes_away_does_not_hold_up_the_others() {
    let bench = bench(100, ROOM).await;
    let hasty = bench.world.clock.timeout(Duration::from_millis(5), bench.read(0..5));
    let (hasty, patient) = futures::future::join(hasty, bench.read(0..5)).await;
    assert!(hasty.is_err());
    assert_eq!((patient, bench.gets()), (Ok(bytes(5)), 1));
}

#[tokio::test(start_paused = true)]
async fn errors_are_shared_and_not_kept() {
    let bench = bench(100, ROOM).await;
    bench.objects.set(Faults { refused: 1.0, ..slow() });
    let (one, other) = futures::future::join(bench.read(0..5), bench.read(0..5)).await;
    assert!(one.is_err() && one == other);
    assert_eq!(bench.gets(), 3, "read_attempts_max of one request");
    bench.objects.set(slow());
    assert_eq!(bench.read(0..5).await, Ok(bytes(5)));
}

#[tokio::test(start_paused = true)]
async fn killed_requests_fail_those_who_wait() {
    let bench = bench(100, ROOM).await;
    let kill = async {
        bench.world.clock.sleep(Duration::from_millis(5)).await;
        bench.world.tasks.kill();
    };
    let (read, ()) = futures::future::join(bench.read(0..5), kill).await;
    assert!(read.unwrap_err().is_transient());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_named() {
    let bench = bench(95, ROOM).await;
    let truncated = |wanted| {
        let (path, got) = (PATH.to_owned(), 95);
        Err(StoreError::Truncated { path, wanted, got })
    };
    assert_eq!(bench.read(90..96).await, truncated(96));
    assert_eq!(bench.read(0..100).await, truncated(100));
    assert_eq!(bench.read(90..95).await, Ok(bytes(95).slice(90..95)));
    assert!(matches!(
        bench.read(200..201).await,
        Err(StoreError::Truncated { got: 95, .. })
    ));
    let ranges = only(0..5);
    let missing = bench.reader.read(KEY, "other", &ranges, ReadClass::Tail).await;
    // Another path under the same key is not asked for: the cache holds block 0.
    assert_eq!(missing, Ok(vec![bytes(5)]));
    let missing = bench.reader.read(Key::Cluster, "other", &ranges, ReadClass::Tail).await;
    assert_eq!(
        missing,
        Err(StoreError::NotFound {
            path: "other".to_owned()
        })
    );
}

#[tokio::test(start_paused = true)]
async fn unreasonable_ranges_are_refused_before_anything_is_asked() {
    let bench = bench(100, ROOM).await;
    #[expect(clippy::reversed_empty_ranges, reason = "this is the point")]
    let reversed = 5..3;
    for range in [reversed, 0..1001, 0..u64::MAX, u64::MAX - 5..u64::MAX] {
        let refused = range.end < range.start || range.end - range.start > 1000;
        let failed = bench.read(range.clone()).await.unwrap_err();
        assert_eq!(failed.code() == "definite", refused, "{range:?} {failed}");
    }
}

/// An answer that was cut off is asked for again, and one that stays short is an error that names where it ends.
#[tokio::test(start_paused = true)]
async fn short_answers_are_never_served() {
    let bench = bench(100, ROOM).await;
    bench.objects.set(Faults {
        truncated: 0.5,
        ..slow()
    });
    for start in 0..10 {
        let range = start * 10..start * 10 + 10;
        if let Ok(read) = bench.read(range.clone()).await {
            let naive = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
            assert_eq!(read, bytes(100).slice(naive));
        }
    }
    assert!(bench.objects.counts().truncated > 0);
    bench.objects.set(Faults {
        truncated: 1.0,
        ..slow()
    });
    let failed = bench
        .reader
        .read_fresh(KEY, PATH, Some(0..10), ReadClass::Tail)
        .await
        .unwrap_err();
    assert!(matches!(failed, StoreError::Truncated { wanted: 10, .. }), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_read_forgets_what_was_held() {
    let bench = bench(100, ROOM).await;
    bench.objects.set(Faults { flipped: 1.0, ..slow() });
    assert_ne!(bench.read(0..30).await.unwrap(), bytes(30));
    bench.objects.set(slow());
    assert_ne!(bench.read(0..30).await.unwrap(), bytes(30), "cached");
    let fresh = bench.reader.read_fresh(KEY, PATH, Some(0..10), ReadClass::Tail).await;
    assert_eq!(fresh, Ok(bytes(10)));
    assert_eq!(bench.read(0..30).await, Ok(bytes(30)));
    assert_eq!(
        bench.reader.read_fresh(KEY, PATH, None, ReadClass::Tail).await,
        Ok(bytes(100))
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_not_asked_for() {
    let bench = bench(35, ROOM).await;
    bench
        .reader
        .remember(KEY, &[bytes(35).slice(..7), bytes(35).slice(7..)]);
    assert_eq!(bench.read(0..35).await, Ok(bytes(35)));
    assert_eq!(bench.gets(), 0);
}

/// A replay does not push out the tail, and does not hold up its requests.
#[tokio::test(start_paused = true)]
async fn history_and_tail_have_budgets_of_their_own() {
    let world = World::simulated(3);
    let memory = Arc::new(MemoryObjects::new(world.clock.clone()));
    memory.put(PATH, &[bytes(1 << 20)]).await.unwrap();
    let objects = FaultyObjects::new(memory, world.child("faults"), slow());
    let options = StoreOptions {
        cache_bytes_max: 400_000,
        cache_block_bytes: 1 << 10,
        read_run_bytes_max: 1 << 10,
        backfill_bytes_in_flight_max: 1 << 10,
        ..StoreOptions::default()
    };
    let retries = Arc::new(Allowance::new(0, 0, 0));
    let reader = Arc::new(Reader::new(Arc::new(objects.clone()), retries, options, world.clone()));
    let written = Key::Cluster;
    reader.remember(written, &[bytes(100_000)]);
    let done = Arc::new(AtomicUsize::new(0));
    for block in 0..1000_u64 {
        let (reader, done) = (Arc::clone(&reader), Arc::clone(&done));
        world.tasks.spawn("backfill", async move {
            let range = block << 10..(block + 1) << 10;
            reader.read(KEY, PATH, &only(range), ReadClass::Backfill).await.unwrap();
            done.fetch_add(1, Ordering::Relaxed);
        });
    }
    world.clock.sleep(Duration::from_millis(100)).await;
    let began = world.clock.now();
    let tail = Key::Witness;
    reader
        .read(tail, PATH, &only((1 << 20) - 1..1 << 20), ReadClass::Tail)
        .await
        .unwrap();
    assert!(
        world.clock.now() - began <= Duration::from_millis(25),
        "the tail does not queue behind history"
    );
    assert!(done.load(Ordering::Relaxed) <= 6, "one at a time");
    world.clock.sleep(Duration::from_secs(60)).await;
    assert_eq!(done.load(Ordering::Relaxed), 1000);
    let before = objects.counts();
    reader
        .read(written, "gone", &only(0..100_000), ReadClass::Tail)
        .await
        .unwrap();
    assert_eq!(objects.counts(), before, "what was written is still held");
}

#[test]
fn a_budget_is_counted_in_whole_kib() {
    let check = |bytes, expect| assert_eq!(kib(bytes), expect, "{bytes}");
    check(0, 1);
    check(1, 1);
    check(1024, 1);
    check(1025, 2);
    check(u64::MAX, u32::MAX);
    assert_eq!(Cache::new(Backing::Memory, 0).bytes(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Any reads in any order, at once or one after another, with any cache: what a plain slice gives.
    #[test]
    fn reads_are_as_from_a_plain_slice(
        length in 1_usize..120,
        cache_bytes_max in prop_oneof![Just(0), Just(1200), Just(ROOM)],
        batches in prop::collection::vec(prop::collection::vec((0_usize..120, 0_usize..120), 1..4), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let bench = bench(length, cache_bytes_max).await;
            let whole = bytes(length);
            for batch in batches {
                let ranges: Vec<Range<usize>> =
                    batch.iter().map(|(one, other)| (*one).min(*other)..(*one).max(*other)).collect();
                let reads = ranges.iter().map(|range| bench.read(range.start as u64..range.end as u64));
                for (range, read) in ranges.iter().zip(futures::future::join_all(reads).await) {
                    if range.end <= length || range.is_empty() {
                        prop_assert_eq!(read, Ok(whole.slice(range.start.min(length)..range.end.min(length))));
                    } else {
                        let got = length as u64;
                        let truncated = matches!(read, Err(StoreError::Truncated { got: at, .. }) if at == got);
                        prop_assert!(truncated, "{:?} of {}", range, length);
                    }
                }
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read_whole_piece_by_piece() {
    for (length, gets) in [(0, 1), (1, 1), (1 << 20, 1), ((1 << 20) + 1, 2), (10 << 20, 3)] {
        let bench = bench(length, ROOM).await;
        let whole = bench.reader.read_fresh(KEY, PATH, None, ReadClass::Tail).await;
        assert_eq!(whole.as_deref(), Ok(&bytes(length)[..]));
        assert_eq!(bench.gets(), gets, "{length}");
    }
    // One that does not come to its end leaves room for those who read a little.
    let bench = bench(100, ROOM).await;
    bench.objects.set(Faults {
        delay: Delay::Fixed(Duration::from_secs(9)),
        ..Faults::NONE
    });
    let hanging = bench.reader.read_fresh(KEY, PATH, None, ReadClass::Tail);
    let read = async {
        bench.world.clock.sleep(Duration::from_millis(1)).await;
        bench.objects.set(slow());
        let began = bench.world.clock.now();
        bench.read(0..10).await.unwrap();
        assert!(bench.world.clock.now() - began < Duration::from_secs(1));
    };
    assert_eq!(tokio::join!(hanging, read).0, Ok(bytes(100)));
}
