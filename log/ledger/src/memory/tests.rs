use super::*;

#[test]
fn a_read_counts_bytes_after_the_first_entry() {
    let check = |max_bytes: usize, expect: (usize, bool)| {
        let mut collect = Collect::new(5, max_bytes);
        for position in 5..9 {
            if !collect.take(position, 10, || Bytes::from_static(b"0123456789")) {
                break;
            }
        }
        assert_eq!(
            (collect.read.entries.len(), collect.read.more),
            expect,
            "{max_bytes} bytes"
        );
    };
    check(0, (1, false));
    check(1, (2, true));
    check(10, (2, true));
    check(19, (2, true));
    check(20, (3, true));
    check(30, (4, false));
    check(1000, (4, false));
}

#[test]
fn a_gap_ends_a_read() {
    let mut collect = Collect::new(5, 1000);
    assert!(collect.take(5, 1, Bytes::new));
    assert!(!collect.take(7, 1, Bytes::new));
    assert_eq!((collect.read.entries.len(), collect.read.more), (1, false));
    assert!(
        !Collect::new(5, 1000).take(6, 1, Bytes::new),
        "the first must be the one asked for"
    );
}

#[tokio::test]
async fn a_backup_holds_what_was_there() {
    let memory = MemoryLedger::without_sql();
    let put = async |position: u64| {
        memory
            .append(position, Hash::ZERO, Bytes::from_static(b"x"))
            .await
            .unwrap()
    };
    put(0).await;
    put(1).await;
    let backup = memory.backup();
    put(2).await;
    assert_eq!(memory.entries().len(), 3);
    memory.restore(&backup);
    assert_eq!(memory.entries().len(), 2);
    memory.lose_end(1);
    assert_eq!(memory.entries().len(), 1);
    memory.lose_end(5);
    assert!(memory.entries().is_empty());
}
