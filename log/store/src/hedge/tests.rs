use std::ops::Range;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::*;
use crate::objects::{Fetched, Found, Tag};

/// Puts end as a script says: after so long, with this. What was asked, and when, is kept.
#[derive(Debug)]
struct Scripted {
    world: World,
    began: Instant,
    backing: Backing,
    script: Vec<(u64, Option<StoreError>)>,
    asked: Mutex<Vec<(u128, String)>>,
}

#[async_trait]
impl Objects for Scripted {
    fn backing(&self) -> Backing {
        self.backing
    }

    fn url(&self) -> String {
        "scripted:".to_owned()
    }

    async fn put(&self, path: &str, _: &[Bytes]) -> Result<(), StoreError> {
        let at_ms = (self.world.clock.now() - self.began).as_millis();
        let number = {
            let mut asked = self.asked.lock();
            asked.push((at_ms, path.to_owned()));
            asked.len() - 1
        };
        let (takes_ms, failed) = self.script.get(number).or(self.script.last()).cloned().unwrap();
        self.world.clock.sleep(Duration::from_millis(takes_ms)).await;
        failed.map_or(Ok(()), Err)
    }

    async fn create(&self, _: &str, _: Bytes) -> Result<bool, StoreError> {
        panic!("only puts are hedged")
    }
    async fn replace(&self, _: &str, _: Option<&Tag>, _: Bytes) -> Result<bool, StoreError> {
        panic!("only puts are hedged")
    }
    async fn get(&self, _: &str, _: Option<Range<u64>>) -> Result<Fetched, StoreError> {
        panic!("only puts are hedged")
    }
    async fn get_tagged(&self, _: &str) -> Result<Option<(Bytes, Tag)>, StoreError> {
        panic!("only puts are hedged")
    }
    async fn delete(&self, _: &[String]) -> Result<u64, StoreError> {
        panic!("only puts are hedged")
    }
    fn list(&self, _: &str) -> BoxStream<'static, Result<Found, StoreError>> {
        panic!("only puts are hedged")
    }
    async fn date_ms(&self) -> Result<i64, StoreError> {
        panic!("only puts are hedged")
    }
}

struct Bench {
    objects: Arc<Scripted>,
    hedger: Hedger,
    world: World,
}

fn bench(backing: Backing, script: &[(u64, Option<StoreError>)], options: StoreOptions) -> Bench {
    let world = World::simulated(1);
    let objects = Arc::new(Scripted {
        world: world.clone(),
        began: world.clock.now(),
        backing,
        script: script.to_vec(),
        asked: Mutex::default(),
    });
    let retries = Arc::new(Allowance::new(options.retries_per_hundred, 10, 10));
    let hedger = Hedger::new(objects.clone(), retries, options, world.clone());
    Bench { objects, hedger, world }
}

impl Bench {
    async fn put(&self, deadline_ms: u64) -> Result<u16, StoreError> {
        let deadline = self.world.clock.now() + Duration::from_millis(deadline_ms);
        let name = |attempt: u16| Ok(format!("n{attempt}"));
        self.hedger.put(name, vec![Bytes::from("x")], deadline).await
    }

    fn names(&self) -> Vec<String> {
        self.objects.asked.lock().iter().map(|(_, path)| path.clone()).collect()
    }

    fn now_ms(&self) -> u128 {
        (self.world.clock.now() - self.objects.began).as_millis()
    }
}

fn full() -> StoreError {
    StoreError::Full {
        path: "n0".to_owned(),
        reason: String::new(),
    }
}

fn slow_down() -> StoreError {
    StoreError::passing(Op::Put, "n0", "503")
}

fn no_connection() -> StoreError {
    StoreError::passing(Op::Get, "n0", "refused")
}

#[tokio::test(start_paused = true)]
async fn a_slow_put_is_overtaken_under_another_name() {
    let bench = bench(Backing::S3, &[(10_000, None), (100, None)], StoreOptions::default());
    assert_eq!(bench.put(20_000).await, Ok(1));
    assert_eq!(bench.names(), ["n0", "n1"]);
    // The patience before anything was measured, and the second put.
    assert_eq!(bench.now_ms(), 2_100);
}

#[tokio::test(start_paused = true)]
async fn the_first_may_still_win() {
    let bench = bench(Backing::S3, &[(2_500, None), (1_000, None)], StoreOptions::default());
    assert_eq!(bench.put(20_000).await, Ok(0));
    assert_eq!((bench.names().len(), bench.now_ms()), (2, 2_500));
}

#[tokio::test(start_paused = true)]
async fn a_folder_is_not_hedged() {
    let bench = bench(Backing::Folder, &[(10_000, None)], StoreOptions::default());
    assert_eq!(bench.put(20_000).await, Ok(0));
    assert_eq!(bench.names(), ["n0"]);
}

/// Puts of 30 ms, then one of 10 s: it is overtaken soon after the 99th percentile.
#[tokio::test(start_paused = true)]
async fn patience_follows_what_was_measured() {
    let mut script = vec![(30, None); 200];
    script.extend([(10_000, None), (30, None)]);
    let bench = bench(Backing::S3, &script, StoreOptions::default());
    for _ in 0..200 {
        bench.put(20_000).await.unwrap();
    }
    let before = bench.now_ms();
    assert_eq!(bench.put(20_000).await, Ok(1));
    let took = bench.now_ms() - before;
    assert!((60..=70).contains(&took), "{took} ms");
}

/// A store that has become slow for all is not asked twice as much.
#[tokio::test(start_paused = true)]
async fn hedges_are_a_twentieth_of_the_puts() {
    let mut script = vec![(30, None); 200];
    script.push((5_000, None));
    let bench = bench(Backing::S3, &script, StoreOptions::default());
    for _ in 0..1200 {
        bench.put(60_000).await.unwrap();
    }
    let hedges = bench.names().iter().filter(|name| *name == "n1").count();
    assert!(hedges > 0 && hedges <= 61, "{hedges} of 1200");
}

#[tokio::test(start_paused = true)]
async fn a_failed_put_is_tried_again_under_a_new_name() {
    let script = [(10, Some(slow_down())), (10, Some(no_connection())), (10, None)];
    let bench = bench(Backing::S3, &script, StoreOptions::default());
    assert_eq!(bench.put(20_000).await, Ok(2));
    assert_eq!(bench.names(), ["n0", "n1", "n2"]);
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_not_tried_again() {
    let bench = bench(Backing::Folder, &[(10, Some(full()))], StoreOptions::default());
    assert_eq!(bench.put(20_000).await, Err(full()));
    assert_eq!(bench.names(), ["n0"]);
}

#[tokio::test(start_paused = true)]
async fn the_outcome_is_unknown_if_that_of_any_attempt_is() {
    let check = async |script: &[(u64, Option<StoreError>)], expect: &str| {
        let options = StoreOptions {
            put_attempts_max: 2,
            ..StoreOptions::default()
        };
        let bench = bench(Backing::S3, script, options);
        let failed = bench.put(20_000).await.unwrap_err();
        assert_eq!((failed.code(), bench.names().len()), (expect, 2), "{script:?}");
    };
    check(&[(10, Some(slow_down())), (10, Some(no_connection()))], "unknown").await;
    check(&[(10, Some(no_connection())), (10, Some(slow_down()))], "unknown").await;
    check(&[(10, Some(no_connection()))], "definite").await;
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds() {
    let slow = bench(Backing::S3, &[(60_000, None)], StoreOptions::default());
    let failed = slow.put(5_000).await.unwrap_err();
    assert_eq!((failed.code(), slow.now_ms()), ("unknown", 5_000));
}

/// A storm: what is asked of the store stays within a tenth more than what was asked of us, and a burst.
#[tokio::test(start_paused = true)]
async fn a_storm_is_not_made_worse() {
    let bench = bench(Backing::S3, &[(10, Some(slow_down()))], StoreOptions::default());
    for _ in 0..1000 {
        assert!(bench.put(20_000).await.is_err());
    }
    let asked = bench.names().len();
    assert!(asked <= 1000 + 100 + 10, "{asked} requests for 1000 puts");
}

#[tokio::test(start_paused = true)]
async fn names_run_out() {
    let options = StoreOptions {
        put_attempts_max: 3,
        retries_per_hundred: 100,
        ..StoreOptions::default()
    };
    let bench = bench(Backing::S3, &[(10, Some(slow_down()))], options);
    assert!(bench.put(200_000).await.is_err());
    assert_eq!(bench.names(), ["n0", "n1", "n2"]);
}
