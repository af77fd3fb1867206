//! Requests that wait in the sockets of a process which stands still, and are the first thing that it finds when it wakes:
//! records, a question for the end, and reads of partitions whose end it had told before.

use std::collections::BTreeMap;
use std::time::Duration;

use engine::{FetchPart, FetchRequest};
use history::Basis;
use metadata::PartitionId;
use store::ReadClass;
use world::World;

use super::reader::fetch;
use super::{Client, PATIENCE, Prober};
use crate::agent::Agent;
use crate::ground::Yard;

/// Reads, one after another.
const READS: u32 = 30;

/// Sends the requests. They are answered when the process runs again.
pub(crate) fn wait_for(yard: &Yard, world: &World, agent: &Agent) {
    let Some((engine, _)) = agent.alive() else { return };
    let keyed = yard.ground.history.lock().keyed.map(|topic| topic.number);
    let ends: BTreeMap<PartitionId, u64> = engine.read(|state| {
        let all = state.topics().flat_map(|topic| state.partitions(topic.number()));
        let all = all.filter(|(id, _)| Some(id.topic) != keyed);
        all.map(|(id, partition)| (id, partition.high_watermark())).collect()
    });
    let mut prober = Prober::new(yard, world, agent);
    let deadline = world.clock.now() + PATIENCE;
    world.tasks.spawn("waiting records", async move {
        prober.takes_a_record(deadline).await;
    });
    let asker = agent.clone();
    world.tasks.spawn("waiting look", async move {
        let _ = asker.call(PATIENCE, |engine| async move { engine.look().await }).await;
    });
    let reader = Prober::new(yard, world, agent).into_client("waiting reader");
    world.tasks.spawn("waiting reads", read(reader, ends));
}

/// Reads at the ends that were known, for a while. What a process has told as a partition's end it does not take back.
async fn read(client: Client, mut ends: BTreeMap<PartitionId, u64>) {
    let run = client.agent.alive().map(|(_, run)| run);
    for _ in 0..READS {
        let parts = ends.iter().map(|(partition, end)| FetchPart {
            partition: *partition,
            // Nothing that needs the store, as long as nothing is known to be behind it.
            offset: *end,
            bytes_max: 1,
        });
        let request = FetchRequest {
            parts: parts.collect(),
            bytes_max: 1 << 20,
            bytes_min: 0,
            wait: Duration::ZERO,
            class: ReadClass::Tail,
            after: None,
        };
        let Some(told) = fetch(&client, request, Basis::Hint).await else {
            return;
        };
        if client.agent.alive().map(|(_, run)| run) != run {
            return;
        }
        for (end, told) in ends
            .values_mut()
            .zip(told)
            .filter(|(_, told)| told.good && told.one_history)
        {
            // A topic that is gone ends nowhere.
            let kept = told.high_watermark >= *end || told.high_watermark == 0;
            client.ground().journal.check("watermarks do not fall", kept, || {
                format!("{} was told {told:?} where {end} was the end", client.name)
            });
            *end = told.high_watermark.max(*end);
        }
        let rest = client
            .chance()
            .between(Duration::from_millis(1), Duration::from_millis(60));
        client.world.clock.sleep(rest).await;
    }
}
