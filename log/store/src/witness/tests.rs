use world::World;

use super::*;

const CLUSTER: ClusterId = ClusterId([1; 16]);

fn unknown() -> StoreError {
    StoreError::passing(Op::Replace, "w", "500")
}

fn definite() -> StoreError {
    StoreError::refused(Op::Replace, "w", "403")
}

#[test]
fn what_is_there_afterwards_decides() {
    let ours = Bytes::from("ours");
    let at = |bytes: &'static str, tag: &str| Ok(Some((Bytes::from(bytes), Tag(tag.to_owned()))));
    let old = Tag("old".to_owned());
    let check = |answer, found, expect: Result<bool, Happened>| {
        let judged = judge("w", answer, found, Some(&old), &ours);
        assert_eq!(judged.map_err(|failed| failed.happened()), expect);
    };
    // Unanswered: ours is there, nothing happened yet, or it cannot be told.
    check(Err(unknown()), at("ours", "new"), Ok(true));
    check(Err(unknown()), at("before", "old"), Err(Happened::Maybe));
    check(Err(unknown()), at("theirs", "new"), Err(Happened::Maybe));
    check(Err(unknown()), Err(unknown()), Err(Happened::Maybe));
    // Refused: by our own first try, by another's, by one under way, by one we cannot see.
    check(Ok(false), at("ours", "new"), Ok(true));
    check(Ok(false), at("theirs", "new"), Ok(false));
    check(Ok(false), at("before", "old"), Ok(false));
    check(Ok(false), Err(unknown()), Err(Happened::Maybe));
    // Certainly not done.
    check(Err(definite()), at("theirs", "new"), Ok(false));
    check(Err(definite()), at("before", "old"), Err(Happened::No));
}

#[tokio::test(start_paused = true)]
async fn the_witness_moves_from_version_to_version() {
    let store = Store::memory(World::simulated(1));
    assert_eq!(WitnessStore::read(&store, CLUSTER).await, Ok(None));
    assert_eq!(store.replace(CLUSTER, None, Bytes::from("1")).await, Ok(true));
    assert_eq!(store.replace(CLUSTER, None, Bytes::from("2")).await, Ok(false));
    let (bytes, version) = WitnessStore::read(&store, CLUSTER).await.unwrap().unwrap();
    assert_eq!(bytes, "1");
    assert_eq!(
        store.replace(CLUSTER, Some(version.clone()), Bytes::from("2")).await,
        Ok(true)
    );
    assert_eq!(store.replace(CLUSTER, Some(version), Bytes::from("3")).await, Ok(false));
    let (bytes, _) = WitnessStore::read(&store, CLUSTER).await.unwrap().unwrap();
    assert_eq!(bytes, "2");
}
