use metadata::entry::Proposal;
use metadata::entry::proposal::Kind;
use metadata::{Incarnation, ObjectName, PartitionId, entry};

use super::*;

fn name(flush: u64) -> ObjectName {
    ObjectName {
        incarnation: Incarnation {
            position: u64::MAX >> 17,
            index: u16::MAX,
            nonce: u64::MAX,
        },
        flush,
        attempt: 99,
    }
}

fn extent(first: u64, number: u32, max_timestamp: i64, place: Place) -> Extent {
    Extent {
        first,
        last_delta: number,
        records: number,
        bytes: number,
        max_timestamp,
        place,
    }
}

fn places() -> Vec<Place> {
    let mut places = Vec::new();
    for number in [0, 1, 127, 128, 65_535, 1 << 31, (1 << 48) - 1] {
        places.push(Place::Inline {
            position: number,
            proposal: u16::try_from(number & 0xffff).unwrap(),
            run: u32::try_from(number & 0x7fff_ffff).unwrap(),
        });
        places.push(Place::Segment {
            name: name(number),
            start: number,
        });
    }
    places
}

#[test]
fn sizes_are_never_less_than_what_is_encoded_and_not_much_more() {
    for place in places() {
        for number in [1, 200, u32::MAX] {
            for timestamp in [-1, 0, 1_767_225_600_000, i64::MIN] {
                let inputs = vec![extent(number.into(), number, timestamp, place); 50];
                let item = Item {
                    partition: PartitionId {
                        topic: u32::MAX,
                        partition: u32::MAX,
                    },
                    inputs,
                };
                let output = extent(u64::MAX, number, timestamp, place);
                let swap = partition_swap(&item, output);
                let planned = swap_bytes(&swap);
                let from_plan: usize = item.inputs.iter().map(extent_bytes).sum::<usize>() + HEAD_BYTES;
                assert_eq!(planned, from_plan);
                let proposal = Proposal {
                    kind: Some(Kind::Swap(Swap { partitions: vec![swap] })),
                    ..Proposal::default()
                };
                let encoded = entry::proposal_bytes(&proposal);
                assert!(encoded <= planned, "{encoded} > {planned} for {place:?}");
                assert!(
                    planned <= encoded * 2,
                    "{planned} is far more than {encoded} for {place:?}"
                );
            }
        }
    }
}

#[test]
fn the_output_covers_its_inputs() {
    let [place, other] = [0, 1].map(|start| Place::Segment { name: name(1), start });
    let inputs = [
        extent(10, 4, 7, place),
        extent(15, 1, 9, place),
        extent(17, 9, -1, place),
    ];
    let expect = Extent {
        first: 10,
        last_delta: 16,
        records: 14,
        bytes: 14,
        max_timestamp: 9,
        place: other,
    };
    assert_eq!(output(&inputs, other), Some(expect));
    assert_eq!(output(&[], other), None);
    assert_eq!(
        output(&[extent(0, u32::MAX, 0, place), extent(1, 1, 0, place)], other),
        None
    );
}

#[test]
fn proposals_are_cut_by_size_and_one_goes_in_any_case() {
    let place = Place::Segment {
        name: name(1),
        start: 0,
    };
    let item = Item {
        partition: PartitionId { topic: 1, partition: 0 },
        inputs: vec![extent(0, 1, 0, place)],
    };
    let swap = partition_swap(&item, extent(0, 1, 0, place));
    let one = swap_bytes(&swap);
    let check = |swaps: usize, bytes_max: usize, expect: &[usize]| {
        let cut = cut(vec![swap.clone(); swaps], bytes_max);
        let sizes: Vec<usize> = cut.iter().map(|swap| swap.partitions.len()).collect();
        assert_eq!(sizes, expect, "{swaps} in {bytes_max}");
    };
    check(0, 100, &[]);
    check(3, one * 3, &[3]);
    check(3, one * 3 - 1, &[2, 1]);
    check(5, one * 2, &[2, 2, 1]);
    check(2, 0, &[1, 1]);
}
