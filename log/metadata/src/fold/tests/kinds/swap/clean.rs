//! Swaps that leave records out for their keys.

use super::*;
use crate::entry::{AlterTopic, Config};

fn cleaning(through: u64, tombstones: Option<(u64, i64)>) -> Cleaning {
    let tombstones = tombstones.map(|(before, since)| Tombstones { before, since });
    Cleaning { through, tombstones }
}

#[test]
fn records_are_left_out_of_a_compacted_topic_alone() {
    let mut ready = Ready::filled();
    let (inputs, name) = (ready.inputs(), ready.name(5));
    let of = |records, extent| Extent { records, ..extent };
    let outputs = [(0, 4), (4, 2)].map(|(first, all)| in_lake(Some(name), Some(END), ready.output(5, first, all)));
    let fewer = vec![of(1, outputs[0]), of(2, outputs[1])];
    let all = Some(cleaning(6, Some((6, 8))));
    let refused = ready.clean(5, inputs.clone(), fewer.clone(), all);
    assert_eq!(refused, rejected(Rejection::NotCompacted));
    let compact = Config {
        name: "cleanup.policy".to_owned(),
        value: "compact".to_owned(),
    };
    ready.control(Kind::AlterTopic(AlterTopic {
        topic: 1,
        set: vec![compact],
        unset: Vec::new(),
    }));
    let wrong = |why| rejected(Rejection::OutputsWrong(why));
    assert_eq!(
        ready.swap(5, inputs.clone(), fewer.clone()),
        wrong("they do not hold the inputs' records")
    );
    let too_far = "they are not cleaned as far as it says";
    let cases = [
        (
            of(5, outputs[0]),
            cleaning(6, None),
            "they hold more records than the inputs",
        ),
        (of(1, outputs[0]), cleaning(7, None), too_far),
        (of(1, outputs[0]), cleaning(5, Some((6, 0))), too_far),
        (of(1, outputs[0]), cleaning(5, Some((0, 0))), too_far),
        (of(0, outputs[0]), cleaning(6, None), "one has no records or no bytes"),
    ];
    for (first, cleaning, why) in cases {
        let outputs = vec![first, outputs[1]];
        assert_eq!(ready.clean(5, inputs.clone(), outputs, Some(cleaning)), wrong(why));
    }
    assert_eq!(ready.clean(5, inputs, fewer, all), SWAPPED);
    let cleaned = ready.partition(0).cleaned();
    assert_eq!(
        (cleaned.through, cleaned.tombstones.map(|they| they.before)),
        (6, Some(6))
    );
    assert_eq!(
        ready.partition(0).extents().map(|extent| extent.records).sum::<u32>(),
        3
    );
    ready.fixture.through_snapshot();

    // Nothing may be left of an extent, whose offsets still lie somewhere; and what is clean stays so.
    let inputs = ready.inputs();
    let nothing = Extent {
        records: 0,
        bytes: 0,
        ..in_lake(Some(ready.name(6)), Some(END), ready.output(6, 0, 4))
    };
    let swapped = ready.clean(6, inputs[..1].to_vec(), vec![nothing], Some(cleaning(4, None)));
    assert_eq!(swapped, SWAPPED);
    assert_eq!((ready.partition(0).cleaned(), ready.edges(0)), (cleaned, vec![0, 4, 6]));
    let inputs = ready.inputs();
    let merged = in_lake(Some(ready.name(7)), Some(END), ready.output(7, 0, 6));
    assert_eq!(ready.swap(7, inputs.clone(), vec![of(2, merged)]), SWAPPED);
    assert_eq!(ready.partition(0).cleaned(), cleaned);
    ready.fixture.through_snapshot();
}
