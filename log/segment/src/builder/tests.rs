//! What is built has the bytes that were added, untouched, where it says.

use proptest::prelude::*;

use super::*;
use crate::sample::{ID, add, adds, build, object, small};

const GOLDEN: &[u8] = include_bytes!("../../tests/golden/v1.segment");

#[test]
fn the_golden_file_is_built_to_the_byte() {
    assert_eq!(object(&build(&small())), GOLDEN);
}

#[test]
fn payloads_are_not_copied() {
    let adds = small();
    let built = build(&adds);
    let pointer = |bytes: &Bytes| (bytes.as_ptr(), bytes.len());
    let mut expect: Vec<_> = adds
        .iter()
        .flat_map(|(.., batches)| batches)
        .map(|(bytes, _)| pointer(bytes))
        .collect();
    let mut got: Vec<_> = built.parts[1..built.parts.len() - 1].iter().map(pointer).collect();
    expect.sort_unstable();
    got.sort_unstable();
    assert_eq!(got, expect);
}

#[test]
fn adds_of_a_partition_keep_their_order() {
    let built = build(&small());
    let text = String::from_utf8_lossy(&object(&built)).into_owned();
    assert!(text.contains("xtwo-fivenine-zero-anine-zero-bnine-zero-cfar"), "{text}");
}

#[test]
fn batches_without_bytes_are_left_out() {
    let built = build(&[add(1, 1, &[]), add(1, 1, &[("", 5)]), add(0, 0, &[("a", 1)])]);
    assert_eq!(object(&built), object(&build(&[add(0, 0, &[("a", 1)])])));
    assert_eq!(built.placed, [HEADER_BYTES + 1, HEADER_BYTES + 1, HEADER_BYTES]);
}

#[test]
fn a_builder_says_what_it_has() {
    let mut builder = SegmentBuilder::new(ID);
    assert!(builder.is_empty());
    assert_eq!(builder.add(1, 1, [(Bytes::from_static(b"abc"), 1)]), Added(0));
    assert_eq!(builder.add(1, 0, [(Bytes::from_static(b"de"), 1)]), Added(1));
    assert_eq!((builder.is_empty(), builder.payload_bytes()), (false, 5));
}

proptest! {
    #[test]
    fn every_add_lies_where_it_is_said_to(adds in adds()) {
        let built = build(&adds);
        let object = object(&built);
        prop_assert_eq!(built.bytes, object.len() as u64);
        prop_assert_eq!(built.placed.len(), adds.len());
        for ((.., batches), start) in adds.iter().zip(&built.placed) {
            let payload: Vec<u8> = batches.iter().flat_map(|(bytes, _)| bytes.to_vec()).collect();
            prop_assert!(object[*start as usize..].starts_with(&payload));
        }
    }
}
