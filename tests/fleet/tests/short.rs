//! A short run, so that the program stays true: two linked agents on one SQLite file.

use fleet::append::{AppendArgs, run, table};
use fleet::place::PlaceArgs;
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_append() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().display();
    let args = AppendArgs {
        place: PlaceArgs {
            ledger: format!("sqlite:{path}/ledger.db"),
            store: format!("file:{path}/objects"),
            s3_endpoint: None,
            dynamodb_endpoint: None,
            aws_access_key_id: None,
            aws_secret_access_key: None,
        },
        agents: vec![2],
        bytes: vec![1024],
        in_flight: 2,
        no_link: false,
        seconds: 2,
    };
    let cells = run(&args, &World::real()).await.unwrap();
    let [cell] = &cells[..] else {
        panic!("one cell: {cells:?}")
    };
    assert_eq!((cell.failed, &cell.failure), (0, &None));
    assert!(cell.append.count > 0 && cell.floor.count > 0, "{cell:?}");
    assert!(cell.append.p50_ms <= cell.append.p99_ms, "{cell:?}");
    // Both agents' requests go through the entries of one, which nobody puts in vain.
    assert!(cell.totals.entries <= cell.append.count + 10, "{cell:?}");
    assert!(cell.totals.puts_per_entry() < 1.5, "{cell:?}");
    assert_eq!(table(&cells).to_string().lines().count(), 3);
}
