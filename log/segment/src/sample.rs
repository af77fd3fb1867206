//! Segments for tests.

use bytes::Bytes;
use proptest::prelude::*;

use crate::{Built, SegmentBuilder, SegmentId};

pub(crate) const ID: SegmentId = SegmentId {
    cluster: *b"0123456789abcdef",
    incarnation: (7_000, 3, 0xdead_beef_0bad_cafe),
    flush: 42,
};

/// One add: topic, partition, and payload and records of its batches.
pub(crate) type Add = (u32, u32, Vec<(Bytes, u32)>);

pub(crate) fn add(topic: u32, partition: u32, batches: &[(&'static str, u32)]) -> Add {
    (
        topic,
        partition,
        batches
            .iter()
            .map(|&(bytes, records)| (Bytes::from_static(bytes.as_bytes()), records))
            .collect(),
    )
}

/// Added out of order; partition (9, 0) twice.
pub(crate) fn small() -> Vec<Add> {
    vec![
        add(9, 0, &[("nine-zero-a", 3), ("nine-zero-b", 1)]),
        add(2, 5, &[("two-five", 200)]),
        add(9, 0, &[("nine-zero-c", 2)]),
        add(2, 4, &[("x", 1)]),
        add(70_000, 300, &[("far", 0)]),
    ]
}

pub(crate) fn build(adds: &[Add]) -> Built {
    let mut builder = SegmentBuilder::new(ID);
    for (topic, partition, batches) in adds {
        builder.add(*topic, *partition, batches.clone());
    }
    builder.build()
}

pub(crate) fn object(built: &Built) -> Vec<u8> {
    built.parts.concat()
}

/// Any adds, with keys that often meet.
pub(crate) fn adds() -> impl Strategy<Value = Vec<Add>> {
    let number = || prop_oneof![0_u32..4, any::<u32>()];
    let batch = (
        prop::collection::vec(any::<u8>(), 1..300).prop_map(Bytes::from),
        any::<u32>(),
    );
    prop::collection::vec((number(), number(), prop::collection::vec(batch, 0..4)), 0..12)
}
