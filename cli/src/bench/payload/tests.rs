use bytes::Bytes;

use super::*;

#[test]
fn batches_hold_what_was_asked_for() {
    let bytes = body(Encoding::Batch, 7, 100, &Chance::from_seed(1)).expect("a body");
    let batch = records::Batch::verify(bytes, &records::Limits::default()).expect("a good batch");
    assert_eq!(batch.records(), 7);
    assert!(batch.bytes().len() > 700);
}

#[test]
fn json_lines_are_json_of_the_length_asked_for() {
    let bytes: Bytes = body(Encoding::Ndjson, 3, 1024, &Chance::from_seed(1)).expect("a body");
    let lines: Vec<&[u8]> = bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!(line.len(), 1024);
        serde_json::from_slice::<String>(line).expect("a JSON string");
    }
}

#[test]
fn records_differ() {
    let chance = Chance::from_seed(1);
    assert_ne!(random(&chance, 16), random(&chance, 16));
    assert_eq!(random(&chance, 13).len(), 13);
}
