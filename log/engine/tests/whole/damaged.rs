//! Bytes that are damaged on their way are not kept.

use engine::{AppendGroup, FetchError};
use store::Objects as _;

use crate::common::{Cluster, request, run, topic};

/// A part of a long extent is found by the segment's index. One that came damaged is read again past the cache, so that
/// the records can be read as soon as the store gives them right.
#[tokio::test(start_paused = true)]
async fn a_damaged_index_is_not_kept() {
    let cluster = Cluster::new(1);
    let (writer, reader) = (cluster.engine().await, cluster.engine().await);
    let topic = topic(&writer, "orders", 1, &[("tidelog.lane", "object")]).await;
    let large = "x".repeat(50_000);
    let appends = (0..20).map(|_| {
        let runs = vec![run(topic, 0, &[&large])];
        writer.append(writer.reserve(1).unwrap(), AppendGroup { runs, request: None })
    });
    for done in futures::future::join_all(appends).await {
        done.unwrap();
    }
    reader.look().await.unwrap();
    let all = writer.store().list(store::Kind::Segment).await.unwrap();
    let path = all.into_iter().max_by_key(|listed| listed.bytes).unwrap().path;
    let right = cluster.objects.get(&path, None).await.unwrap().bytes;
    let mut damaged = right.to_vec();
    let place = damaged.len() - 100;
    damaged[place] ^= 1;
    let mut wanted = request(topic, 0, 10);
    wanted.parts[0].bytes_max = 1;

    cluster.objects.put(&path, &[damaged.into()]).await.unwrap();
    let fetched = reader.fetch(&wanted).await.remove(0).result;
    assert!(matches!(fetched, Err(FetchError::Corrupt { .. })), "{fetched:?}");
    cluster.objects.put(&path, &[right]).await.unwrap();
    let fetched = reader.fetch(&wanted).await.remove(0).result.unwrap();
    assert_eq!(fetched.batches[0].base_offset, 10);
}
