//! Swaps into lake files, and out of them.

use super::*;

#[test]
fn a_lake_file_takes_the_place_of_inputs_and_is_an_input() {
    let mut ready = Ready::filled();
    let (inputs, name) = (ready.inputs(), ready.name(5));
    let outputs =
        [(0, 4), (4, 2)].map(|(first, records)| in_lake(Some(name), Some(END), ready.output(5, first, records)));
    assert_eq!(ready.swap(5, inputs, outputs.to_vec()), SWAPPED);
    let places: Vec<Place> = ready.partition(0).extents().map(|extent| extent.place).collect();
    assert_eq!(places, [Place::Lake { name, end: END }; 2]);
    assert_eq!(ready.fixture.state.object(&name), ObjectStatus::Named { references: 2 });
    ready.fixture.through_snapshot();
    let inputs = ready.inputs();
    let bent = in_lake(Some(ready.name(4)), Some(END), inputs[0]);
    let merged = vec![ready.output(6, 0, 6)];
    let stale = ready.swap(6, vec![bent, inputs[1]], merged.clone());
    assert_eq!(stale, rejected(Rejection::InputsChanged));
    assert_eq!(ready.swap(6, inputs, merged), SWAPPED);
    assert!(matches!(
        ready.fixture.state.object(&name),
        ObjectStatus::Unnamed { .. }
    ));
    ready.fixture.through_snapshot();
}

#[test]
fn a_lake_files_name_is_no_other_objects() {
    let mut ready = Ready::filled();
    let (inputs, name) = (ready.inputs(), ready.name(5));
    let half = |first| ready.output(5, first, if first == 0 { 2 } else { 4 });
    let file = |end, first| in_lake(Some(name), Some(end), half(first));
    let other = LakeEnd {
        tail_checksum: 10,
        ..END
    };
    let (nothing, longer) = (LakeEnd { tail_bytes: 0, ..END }, LakeEnd { tail_bytes: 501, ..END });
    let (shorter, two) = ("one's file is shorter than its end", "one's name is another object's");
    let nowhere = "one lies neither in a segment nor in a lake file";
    let cases = [
        (vec![file(nothing, 0), file(nothing, 2)], shorter),
        (vec![file(longer, 0), file(longer, 2)], shorter),
        (vec![in_lake(None, Some(END), half(0)), file(END, 2)], nowhere),
        (vec![in_lake(Some(name), None, half(0)), file(END, 2)], nowhere),
        (vec![file(END, 0), file(other, 2)], two),
        (vec![file(END, 0), half(2)], two),
    ];
    for (outputs, why) in cases {
        let refused = rejected(Rejection::OutputsWrong(why));
        assert_eq!(ready.swap(5, inputs.clone(), outputs), refused);
    }
    let first = vec![in_lake(Some(name), Some(END), ready.output(5, 0, 2))];
    assert_eq!(ready.swap(5, inputs[..1].to_vec(), first), SWAPPED);
    let next = ready.output(5, 2, 2);
    for outputs in [vec![next], vec![in_lake(Some(name), Some(other), next)]] {
        let refused = rejected(Rejection::OutputsWrong(two));
        assert_eq!(ready.swap(6, inputs[1..2].to_vec(), outputs), refused);
    }
    let same = vec![in_lake(Some(name), Some(END), next)];
    assert_eq!(ready.swap(6, inputs[1..2].to_vec(), same), SWAPPED);
}
