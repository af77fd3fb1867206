use metadata::entry::{self, proposal::Kind};
use metadata::{EntryRef, Event, Lane};

use super::*;

/// A state whose topic 1 has three partitions with extents of these bytes and two records each; the log of each starts
/// at the offset given.
fn state(partitions: [(&[u32], u64); 3]) -> State {
    let mut state = State::genesis([1; 16], 1, [0; 32]);
    let register = Kind::Register(entry::Register {
        nonce: 7,
        feature_min: 1,
        feature_max: 1,
        ..Default::default()
    });
    apply(&mut state, register, None);
    let named = state.life_by_nonce(7).unwrap().incarnation();
    let create = Kind::CreateTopic(entry::CreateTopic {
        name: "orders".to_owned(),
        id: vec![7; 16].into(),
        partitions: 3,
        ..Default::default()
    });
    apply(&mut state, create, Some((named, Lane::Control)));
    for (partition, (extents, log_start)) in (0..).zip(partitions) {
        for bytes in extents {
            let run = entry::Run {
                topic: 1,
                partition,
                records: 2,
                bytes: *bytes,
                inline: vec![0; *bytes as usize].into(),
                ..Default::default()
            };
            let group = entry::Group {
                runs: vec![run],
                request: None,
            };
            let append = Kind::Append(entry::Append {
                segment: None,
                groups: vec![group],
            });
            apply(&mut state, append, Some((named, Lane::Inline)));
        }
        let trim = entry::PartitionTrim {
            topic: 1,
            partition,
            before: log_start,
            seen_start: None,
            lake_before: None,
        };
        let trim = Kind::Trim(entry::Trim { partitions: vec![trim] });
        apply(&mut state, trim, Some((named, Lane::Control)));
    }
    state
}

fn apply(state: &mut State, kind: Kind, by: Option<(metadata::Incarnation, Lane)>) {
    let (incarnation, lane) = by.unzip();
    let sequence = by.and_then(|(named, lane)| state.next_sequence(&named, lane));
    let proposal = entry::Proposal {
        incarnation: incarnation.map(Into::into),
        lane: lane.map_or(0, Lane::number),
        sequence: sequence.unwrap_or(0),
        kind: Some(kind),
        ..Default::default()
    };
    let entry = EntryRef {
        position: state.position() + 1,
        era: 1,
        hash: [0; 32],
        event: Event::Proposals(&entry::body(vec![proposal])),
    };
    state.apply(entry).unwrap();
}

/// By part, the offset and the bytes of each step; none where the answer is negative.
fn planned(state: &State, parts: &[(u32, u64, usize)], bytes_max: usize) -> Vec<Option<Vec<(u64, usize)>>> {
    let parts: Vec<FetchPart> = parts
        .iter()
        .map(|(partition, offset, bytes_max)| FetchPart {
            partition: PartitionId {
                topic: 1,
                partition: *partition,
            },
            offset: *offset,
            bytes_max: *bytes_max,
        })
        .collect();
    let steps = |planned: Planned| {
        let steps = planned.result.ok()?.steps;
        Some(steps.iter().map(|step| (step.offset, step.bytes_max)).collect())
    };
    plan(state, &parts, bytes_max).into_iter().map(steps).collect()
}

const ALL: usize = 1_000_000;

#[test]
fn extents_from_the_offset_as_far_as_the_bytes_go() {
    let state = state([(&[100, 200, 300], 0), (&[], 0), (&[50], 0)]);
    let check = |offset, part_max, bytes_max, expect: &[(u64, usize)]| {
        let found = planned(&state, &[(0, offset, part_max)], bytes_max);
        assert_eq!(found, [Some(expect.to_vec())], "{offset} {part_max} {bytes_max}");
    };
    check(0, ALL, ALL, &[(0, ALL), (2, ALL - 100), (4, ALL - 300)]);
    check(1, ALL, ALL, &[(1, ALL), (2, ALL - 100), (4, ALL - 300)]);
    check(2, ALL, ALL, &[(2, ALL), (4, ALL - 200)]);
    check(6, ALL, ALL, &[]);
    check(0, 100, ALL, &[(0, 100)]);
    check(0, 101, ALL, &[(0, 101), (2, 1)]);
    check(0, ALL, 101, &[(0, 101), (2, 1)]);
    check(0, 1, ALL, &[(0, 1)]);
    check(0, 0, ALL, &[(0, 0)]);
    check(0, ALL, 0, &[(0, 0)]);
}

#[test]
fn a_part_outside_of_the_log_is_negative_and_costs_the_others_nothing() {
    let state = state([(&[100, 200, 300], 3), (&[], 0), (&[50], 2)]);
    let check = |parts: &[(u32, u64, usize)], expect: &[Option<Vec<(u64, usize)>>]| {
        assert_eq!(planned(&state, parts, 1_000), expect, "{parts:?}");
    };
    check(&[(0, 2, ALL)], &[None]);
    check(&[(0, 3, ALL)], &[Some(vec![(3, 1_000), (4, 800)])]);
    check(&[(0, 6, ALL)], &[Some(vec![])]);
    check(&[(0, 7, ALL)], &[None]);
    check(&[(1, 0, ALL)], &[Some(vec![])]);
    check(&[(1, 1, ALL)], &[None]);
    check(&[(2, 2, ALL)], &[Some(vec![])]);
    check(&[(3, 0, ALL)], &[None]);
    check(
        &[(3, 0, ALL), (1, 0, ALL), (0, 4, 1)],
        &[None, Some(vec![]), Some(vec![(4, 1)])],
    );
}

#[test]
fn the_first_part_with_records_gets_one_batch_and_the_next_what_is_left() {
    let state = state([(&[100, 200, 300], 0), (&[], 0), (&[50], 0)]);
    let check = |parts: &[(u32, u64, usize)], bytes_max, expect: &[Option<Vec<(u64, usize)>>]| {
        assert_eq!(planned(&state, parts, bytes_max), expect, "{parts:?} {bytes_max}");
    };
    check(
        &[(1, 0, 9), (2, 0, 0), (0, 0, 9)],
        9,
        &[Some(vec![]), Some(vec![(0, 0)]), Some(vec![(0, 8)])],
    );
    check(&[(0, 0, ALL), (2, 0, ALL)], 10, &[Some(vec![(0, 10)]), Some(vec![])]);
    check(
        &[(0, 0, ALL), (2, 0, ALL)],
        601,
        &[Some(vec![(0, 601), (2, 501), (4, 301)]), Some(vec![(0, 1)])],
    );
    // What a part may not use is left for the next.
    check(
        &[(0, 4, 10), (2, 0, ALL)],
        100,
        &[Some(vec![(4, 10)]), Some(vec![(0, 90)])],
    );
}
