use super::*;

#[test]
fn the_next_offset_is_behind_the_last_record() {
    assert_eq!(behind_lines(b"").expect("nothing"), None);
    assert_eq!(
        behind_lines(b"{\"offset\":1,\"partition\":0}\n{\"offset\":7}\n").expect("lines"),
        Some(8)
    );
    assert!(behind_lines(b"what").is_err());
    let mut batch = super::super::payload::body(Encoding::Batch, 3, 20, &world::Chance::from_seed(1))
        .expect("a batch")
        .to_vec();
    records::patch(&mut batch, 40, 0).expect("patched");
    assert_eq!(behind_batches(Bytes::from(batch)).expect("a batch"), Some(43));
    assert_eq!(behind_batches(Bytes::new()).expect("nothing"), None);
}
