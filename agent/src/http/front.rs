//! What every handler shares: the engine, the settings, and the few things that are counted for the whole front.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use engine::{Engine, Seen};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use metadata::{PartitionId, State, Topic, TopicId, TopicNumber};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use world::Clock;

use super::problem::{Code, Problem};
use super::settings::HttpSettings;
use crate::auth::Authorized;

/// How long a read waits for memory.
const READ_MEMORY_WAIT: Duration = Duration::from_secs(10);

/// Shared by the handlers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Front(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    settings: HttpSettings,
    keyless: AtomicU32,
    inflating: Semaphore,
    reads: Arc<Semaphore>,
}

impl Front {
    /// A front of this engine.
    pub(crate) fn new(engine: Engine, settings: HttpSettings) -> Front {
        // Agents begin at different partitions, so that their first keyless requests spread.
        let keyless = AtomicU32::new(engine.world().chance.below(1 << 16) as u32);
        let inflating = Semaphore::new(settings.inflating_max);
        let reads = Arc::new(Semaphore::new(settings.read_memory_bytes_max));
        Front(Arc::new(Inner {
            engine,
            settings,
            keyless,
            inflating,
            reads,
        }))
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// The settings.
    pub(crate) fn settings(&self) -> &HttpSettings {
        &self.0.settings
    }

    /// The clock.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.engine.world().clock
    }

    /// Turns for reading compressed bodies. Nobody waits for one.
    pub(crate) fn inflating(&self) -> &Semaphore {
        &self.0.inflating
    }

    /// Memory for an answer that holds records.
    ///
    /// # Errors
    /// `overloaded` when there is none soon.
    pub(crate) async fn read_memory(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let overloaded = || Problem::new(Code::Overloaded, "too many bytes are being read");
        let bytes = u32::try_from(bytes.min(self.0.settings.read_memory_bytes_max)).unwrap_or(u32::MAX);
        let held = Arc::clone(&self.0.reads).acquire_many_owned(bytes);
        let held = self.clock().timeout(READ_MEMORY_WAIT, held).await;
        held.map_err(|_| overloaded())?.map_err(|_| overloaded())
    }

    /// A number that rises with every request that has records without a key.
    pub(crate) fn next_keyless(&self) -> u32 {
        self.0.keyless.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether the front is stopping.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.settings.stop.is_cancelled() || self.0.engine.world().tasks.is_stopping()
    }

    /// Resolves when the front is to stop.
    pub(crate) fn stopping(&self) -> BoxFuture<'static, ()> {
        let stop = self.0.settings.stop.clone();
        let world = self.0.engine.world().tasks.stopping();
        async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = world => {}
            }
        }
        .boxed()
    }

    /// Waits for a look at the tip that began after this call: what a negative or final answer rests on.
    ///
    /// # Errors
    /// `ledger_unavailable`.
    pub(crate) async fn look(&self) -> Result<Seen, Problem> {
        Ok(self.engine().look().await?)
    }

    /// What `find` finds in the fold, after a look at the tip if it finds nothing at first.
    ///
    /// # Errors
    /// Of the look.
    pub(crate) async fn find<T>(&self, find: impl Fn(&State) -> Option<T>) -> Result<Option<T>, Problem> {
        self.engine().fresh().await?;
        if let Some(found) = self.engine().read(&find) {
            return Ok(Some(found));
        }
        self.look().await?;
        Ok(self.engine().read(&find))
    }

    /// The topic that is authorized.
    ///
    /// # Errors
    /// `topic_not_found`, after a look at the tip.
    pub(crate) async fn topic(&self, authorized: &Authorized) -> Result<TopicFacts, Problem> {
        let name = authorized.name();
        let found = self.find(|state| state.topic_by_name(name).map(TopicFacts::of)).await?;
        found.ok_or_else(|| no_topic(name))
    }

    /// The topic that is authorized, and one of its partitions.
    ///
    /// # Errors
    /// `topic_not_found`, `partition_not_found`, after a look at the tip.
    pub(crate) async fn partition(&self, authorized: &Authorized, partition: u32) -> Result<TopicFacts, Problem> {
        let topic = self.topic(authorized).await?;
        if partition < topic.partitions {
            return Ok(topic);
        }
        self.look().await?;
        let topic = self.topic(authorized).await?;
        if partition < topic.partitions {
            Ok(topic)
        } else {
            Err(no_partition(&topic, partition))
        }
    }
}

/// A topic's absence.
pub(crate) fn no_topic(name: &str) -> Problem {
    let shown: String = name.chars().take(249).collect();
    Problem::new(Code::TopicNotFound, format!("there is no topic {shown}")).with("topic", shown)
}

/// A partition's absence.
pub(crate) fn no_partition(topic: &TopicFacts, partition: u32) -> Problem {
    let text = format!("{} has no partition {partition}, but {}", topic.name, topic.partitions);
    Problem::new(Code::PartitionNotFound, text).with("partition", partition)
}

/// What handlers need of a topic, copied out of the fold.
#[derive(Clone, Debug)]
pub(crate) struct TopicFacts {
    /// Its number.
    pub(crate) number: TopicNumber,
    /// Its name.
    pub(crate) name: String,
    /// Its id.
    pub(crate) id: TopicId,
    /// How many partitions it has.
    pub(crate) partitions: u32,
    /// `max.message.bytes`.
    pub(crate) batch_bytes_max: usize,
    /// Whether every record needs a key.
    pub(crate) keyed: bool,
    /// Whether shared caches may keep its records.
    pub(crate) public: bool,
}

impl TopicFacts {
    fn of(topic: &Topic) -> TopicFacts {
        TopicFacts {
            number: topic.number(),
            name: topic.name().to_owned(),
            id: topic.id(),
            partitions: topic.partition_count(),
            batch_bytes_max: topic.config().max_message_bytes() as usize,
            keyed: topic.config().key_compaction().is_some(),
            public: topic.config().http_public(),
        }
    }

    /// One of its partitions.
    pub(crate) fn partition(&self, partition: u32) -> PartitionId {
        PartitionId {
            topic: self.number,
            partition,
        }
    }
}
