//! The handle that fronts, compactor and tests hold.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ledger::{Backend, Base, ClusterId, Ledger};
use metadata::entry::{self, proposal::Kind};
use metadata::{
    Applied, Change, Extent, Incarnation, PartitionId, Rejection, Role, SnapshotRef, State, TopicId, TopicNumber,
    Verdict,
};
use store::{ReadClass, Store};
use world::{Instant, World};

use crate::append::{self, AppendDone};
use crate::change::{self, CommitBasis, CreateTopicRequest};
use crate::fetch::{self, FetchRequest, FetchedBatch, FetchedPart};
use crate::intake::Door;
use crate::jobs::AppendGroup;
use crate::memory::Permit;
use crate::shared::Shared;
use crate::{
    AppendError, ChangeError, EngineConfig, FetchError, HostLink, ReadError, Seen, StartError, UpkeepError, look,
    monitor, peer, start, upkeep,
};

/// One process's log. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// How a process fares.
#[derive(Clone, Debug)]
pub struct Health {
    /// Whether it has reached the end of the ledger and may serve what it has folded.
    pub serving: bool,
    /// Whether the ledger is halted, or a loss was seen.
    pub halted: bool,
    /// Whether it is stopping.
    pub draining: bool,
    /// How far it has folded.
    pub seen: Seen,
    /// How long ago the latest read of the tip began.
    pub looked_ago: Option<Duration>,
    /// The agent that puts this one's entries, while it is followed.
    pub follows: Option<Incarnation>,
    /// How many follow this one.
    pub followers: usize,
    /// Why the log does not let this process live, if so: it takes no records.
    pub refused: Option<String>,
    /// What the ledger said last, if it went wrong.
    pub ledger_error: Option<String>,
    /// What the store said last, if it went wrong.
    pub store_error: Option<String>,
    /// Bytes of records that wait for their acknowledgement.
    pub memory_used_bytes: usize,
}

impl Engine {
    /// Opens or begins the cluster, loads the newest snapshot, catches up with the ledger, and starts to work under the
    /// world's tasks.
    ///
    /// # Errors
    /// When store and ledger cannot be opened, do not belong together, or hold what cannot be read.
    pub async fn start(
        world: World,
        config: EngineConfig,
        ledger: Arc<dyn Backend>,
        store: Store,
    ) -> Result<Engine, StartError> {
        Ok(Engine {
            shared: start::start(world, config, ledger, store).await?,
        })
    }

    /// Takes nothing new, answers what is in flight, ends its lives and stops its tasks, within `patience`.
    pub async fn stop(&self, patience: Duration) {
        let deadline = self.shared.world.clock.now() + patience;
        {
            let mut intake = self.shared.intake.lock();
            if !matches!(intake.door, Door::Halted | Door::Closed) {
                intake.door = Door::Draining;
            }
        }
        while !self.shared.intake.lock().is_idle() && self.shared.world.clock.now() < deadline {
            self.shared.world.clock.sleep(Duration::from_millis(2)).await;
        }
        let left = deadline.saturating_duration_since(self.shared.world.clock.now());
        // A life that is not ended here is retired by the others when it stays silent.
        let _ = self
            .shared
            .world
            .clock
            .timeout(left, monitor::end_lives(&self.shared))
            .await;
        let left = deadline.saturating_duration_since(self.shared.world.clock.now());
        self.shared
            .world
            .tasks
            .drain(left.max(Duration::from_millis(100)))
            .await;
    }

    /// The world it runs in.
    pub fn world(&self) -> &World {
        &self.shared.world
    }

    /// The store, of this cluster.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Its limits.
    pub fn config(&self) -> &EngineConfig {
        &self.shared.config
    }

    /// The cluster.
    pub fn cluster(&self) -> ClusterId {
        self.shared.ledger.cluster()
    }

    /// How it fares.
    pub fn health(&self) -> Health {
        let progress = self.shared.view.progress();
        let (door, refused) = {
            let intake = self.shared.intake.lock();
            (intake.door, intake.lives.refusal().map(ToString::to_string))
        };
        let trouble = self.shared.trouble.lock().clone();
        let now = self.shared.world.clock.now();
        Health {
            serving: progress.reached,
            halted: door == Door::Halted,
            draining: door == Door::Draining || self.shared.world.tasks.is_stopping(),
            seen: progress.seen(),
            looked_ago: progress.looked.map(|looked| now.saturating_duration_since(looked)),
            follows: *self.shared.follows.lock(),
            followers: self.shared.recent.followers(),
            refused,
            ledger_error: trouble.ledger,
            store_error: trouble.store,
            memory_used_bytes: self.shared.memory.used(),
        }
    }

    /// A short look at the fold. Must not call the engine again.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.shared.view.read(look)
    }

    /// How far this process has folded.
    pub fn seen(&self) -> Seen {
        self.read(|state| Seen {
            era: state.era(),
            position: state.seen_position(),
        })
    }

    /// Waits until the fold is at `seen` or later, so that a client never goes back in time.
    ///
    /// # Errors
    /// [`ReadError::NotCurrent`] when it is not there by the deadline, [`ReadError::HistoryLost`] when it never will be.
    pub async fn wait_for(&self, seen: Seen, deadline: Instant) -> Result<(), ReadError> {
        self.shared
            .view
            .wait_for(seen, &self.shared.world.clock, deadline)
            .await
    }

    /// Waits for a read of the tip that begins after this call. Every answer that is negative or final rests on one.
    ///
    /// # Errors
    /// [`ReadError::NotCurrent`] when the ledger cannot be read.
    pub async fn look(&self) -> Result<Seen, ReadError> {
        look::look(&self.shared).await
    }

    /// Makes sure that what is folded here is recent enough to be served.
    ///
    /// # Errors
    /// As [`Engine::look`].
    pub async fn fresh(&self) -> Result<(), ReadError> {
        look::fresh(&self.shared).await
    }

    /// Serves another agent that follows this one, until the link breaks or the process stops.
    pub fn host(&self, link: HostLink) {
        let host = peer::host(Arc::clone(&self.shared), link);
        self.shared.world.tasks.spawn("guest", host);
    }

    /// Takes memory for a request's records, before its body is read.
    ///
    /// # Errors
    /// [`AppendError::Overloaded`] when it is used up, [`AppendError::TooLarge`] when the request is larger than all.
    pub fn reserve(&self, bytes: usize) -> Result<Permit, AppendError> {
        self.shared.memory.try_reserve(bytes)
    }

    /// Waits for memory instead: for fronts that stop reading their sockets.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when the request is larger than all of it, [`AppendError::Draining`] when the process
    /// stops.
    pub async fn reserve_wait(&self, bytes: usize) -> Result<Permit, AppendError> {
        tokio::select! {
            biased;
            reserved = self.shared.memory.reserve(bytes) => reserved,
            () = self.shared.world.tasks.stopping() => Err(AppendError::Draining),
        }
    }

    /// Appends a group whole or not at all. It is handed over by the call itself, so groups are ordered by the calls;
    /// the future tells what became of it. A group whose future is dropped before it was proposed is left out: who wants
    /// it written without waiting for it has to keep the future.
    pub fn append(
        &self,
        permit: Permit,
        group: AppendGroup,
    ) -> impl Future<Output = Result<AppendDone, AppendError>> + Send + 'static + use<> {
        append::append(&self.shared, permit, group)
    }

    /// Proposes a change in the control lane of a life. With `flush`, which names the life that made the objects in it
    /// and the newest of their flushes, it is refused when that life is over.
    ///
    /// # Errors
    /// Saying whether it may happen all the same. Rejections stand among the verdicts.
    pub async fn propose(
        &self,
        role: Role,
        kind: Kind,
        flush: Option<(Incarnation, u64)>,
        principal: &str,
    ) -> Result<Vec<Verdict>, ChangeError> {
        change::propose(&self.shared, role, kind, flush, principal).await
    }

    /// The life of a role, while it is live.
    pub fn incarnation(&self, role: Role) -> Option<Incarnation> {
        self.shared.intake.lock().lives.incarnation(role)
    }

    /// A fresh flush number for objects that a life names in its control lane.
    pub fn next_flush(&self, role: Role) -> Option<(Incarnation, u64)> {
        change::next_flush(&self.shared, role)
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// Rejections such as an existing topic or an invalid config, and as [`Engine::propose`].
    pub async fn create_topic(
        &self,
        request: CreateTopicRequest,
        principal: &str,
    ) -> Result<(TopicNumber, TopicId), ChangeError> {
        change::create_topic(&self.shared, request, principal).await
    }

    /// Sets configs of a topic, and puts others back to their defaults.
    ///
    /// # Errors
    /// As [`Engine::create_topic`].
    pub async fn alter_topic(
        &self,
        topic: TopicNumber,
        set: BTreeMap<String, String>,
        unset: Vec<String>,
        principal: &str,
    ) -> Result<(), ChangeError> {
        let kind = Kind::AlterTopic(entry::AlterTopic {
            topic,
            set: change::configs(set),
            unset,
        });
        change::propose_one(&self.shared, kind, principal).await.map(drop)
    }

    /// Deletes a topic and its records.
    ///
    /// # Errors
    /// As [`Engine::create_topic`].
    pub async fn delete_topic(&self, topic: TopicNumber, principal: &str) -> Result<(), ChangeError> {
        change::propose_one(&self.shared, Kind::DeleteTopic(entry::DeleteTopic { topic }), principal)
            .await
            .map(drop)
    }

    /// Gives a topic that has `seen` partitions `total` of them.
    ///
    /// # Errors
    /// As [`Engine::create_topic`]; rejected when the number has changed.
    pub async fn add_partitions(
        &self,
        topic: TopicNumber,
        seen: u32,
        total: u32,
        principal: &str,
    ) -> Result<(), ChangeError> {
        let kind = Kind::AddPartitions(entry::AddPartitions { topic, seen, total });
        change::propose_one(&self.shared, kind, principal).await.map(drop)
    }

    /// Deletes the records before these offsets; by partition the log start offset, or why not.
    ///
    /// # Errors
    /// As [`Engine::propose`].
    pub async fn delete_records(
        &self,
        before: &[(PartitionId, u64)],
        principal: &str,
    ) -> Result<Vec<Result<u64, Rejection>>, ChangeError> {
        change::delete_records(&self.shared, before, principal).await
    }

    /// Commits offsets of a group without members; the group's change that did it.
    ///
    /// # Errors
    /// Rejected when the group has changed since `basis`, and as [`Engine::propose`].
    pub async fn commit_offsets(
        &self,
        group: &str,
        basis: CommitBasis,
        offsets: &[entry::OffsetCommit],
        principal: &str,
    ) -> Result<Change, ChangeError> {
        change::commit_offsets(&self.shared, group, basis, offsets, principal).await
    }

    /// Deletes a group as it was at its change `seen`.
    ///
    /// # Errors
    /// Rejected when it has changed since, and as [`Engine::propose`].
    pub async fn delete_group(&self, group: &str, seen: Change, principal: &str) -> Result<(), ChangeError> {
        let kind = Kind::DeleteGroup(entry::DeleteGroup {
            group: group.to_owned(),
            seen: Some(seen.into()),
        });
        change::propose_one(&self.shared, kind, principal).await.map(drop)
    }

    /// Sets configs of the cluster, and puts others back to their defaults.
    ///
    /// # Errors
    /// As [`Engine::create_topic`].
    pub async fn alter_cluster(
        &self,
        set: BTreeMap<String, String>,
        unset: Vec<String>,
        principal: &str,
    ) -> Result<(), ChangeError> {
        let kind = Kind::AlterCluster(entry::AlterCluster {
            set: change::configs(set),
            unset,
        });
        change::propose_one(&self.shared, kind, principal).await.map(drop)
    }

    /// Takes `count` new Kafka producer ids; the first of them.
    ///
    /// # Errors
    /// As [`Engine::propose`].
    pub async fn allocate_producer_ids(&self, count: u32) -> Result<u64, ChangeError> {
        match change::propose_one(&self.shared, Kind::ProducerIds(entry::ProducerIds { count }), "").await? {
            Applied::ProducerIds { first, .. } => Ok(first),
            _ => Err(ChangeError::Unknown(
                "producer ids were answered as something else".to_owned(),
            )),
        }
    }

    /// Fetches record batches. The answer holds one part for each part of the request, in its order.
    pub async fn fetch(&self, request: &FetchRequest) -> Vec<FetchedPart> {
        fetch::fetch(&self.shared, request).await
    }

    /// All batches of an extent, in order, their checksums and their number of records compared.
    ///
    /// # Errors
    /// [`FetchError::Corrupt`] when they are damaged or not there, [`FetchError::Unavailable`] when nobody answers.
    pub async fn read_extent(&self, partition: PartitionId, extent: &Extent) -> Result<Vec<FetchedBatch>, FetchError> {
        fetch::read_extent(&self.shared, partition, extent, ReadClass::Backfill).await
    }

    /// The offset and timestamp of the first record at or after a time, in milliseconds since 1970.
    ///
    /// # Errors
    /// As [`Engine::read_extent`].
    pub async fn offset_for_timestamp(
        &self,
        partition: PartitionId,
        timestamp_ms: i64,
    ) -> Result<Option<(u64, i64)>, FetchError> {
        fetch::offset_for_timestamp(&self.shared, partition, timestamp_ms).await
    }

    /// Writes a snapshot of the fold, reads it back, and proposes it.
    ///
    /// # Errors
    /// When any of that fails; nothing is lost by it.
    pub async fn take_snapshot(&self, role: Role) -> Result<SnapshotRef, UpkeepError> {
        upkeep::take_snapshot(&self.shared, role).await
    }

    /// Moves the base behind the second newest snapshot; the new base if it moved.
    ///
    /// # Errors
    /// When the snapshot cannot be read back, or the ledger fails.
    pub async fn advance_base(&self) -> Result<Option<Base>, UpkeepError> {
        upkeep::advance_base(&self.shared).await
    }

    /// Deletes entries below the base whose readers have had their grace; how many.
    ///
    /// # Errors
    /// When the ledger fails; some may be gone.
    pub async fn delete_entries(&self) -> Result<u64, UpkeepError> {
        upkeep::delete_entries(&self.shared).await
    }
}
