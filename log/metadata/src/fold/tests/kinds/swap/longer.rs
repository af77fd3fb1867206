//! Lake files that stay for the table when their records are the log's no more.

use super::*;

impl Ready {
    /// Six records: in lake files those of the offsets 0 and 1 and 2 and 3, inline the last two.
    fn laked() -> Self {
        let mut ready = Self::filled();
        for (first, flush) in [(0, 5), (2, 6)] {
            let at = first as usize / 2;
            let inputs = ready.inputs()[at..=at].to_vec();
            let name = ready.name(flush);
            let outputs = vec![in_lake(Some(name), Some(END), ready.output(flush, first, 2))];
            assert_eq!(ready.swap(flush, inputs, outputs), SWAPPED);
        }
        ready
    }

    /// Lake start, log start, bytes of the log, and where its extents begin.
    fn stands(&self) -> (u64, u64, u64, Vec<u64>) {
        let partition = self.partition(0);
        let firsts = partition.extents().map(|extent| extent.first).collect();
        (partition.lake_start(), partition.log_start(), partition.bytes(), firsts)
    }
}

fn trimmed(log_start: u64) -> Verdict {
    Verdict::Applied(Applied::Trimmed { log_start })
}

#[test]
fn lake_files_stay_for_the_table() {
    let mut ready = Ready::laked();
    assert_eq!(ready.stands(), (0, 0, 21, vec![0, 2, 4]));
    assert_eq!(ready.trim_log(0, 3, Some(0), Some(0)), trimmed(3));
    assert_eq!(ready.stands(), (0, 3, 12, vec![0, 2, 4]));
    assert_eq!(ready.trim_log(0, 4, Some(3), Some(0)), trimmed(4));
    assert_eq!(ready.stands(), (0, 4, 3, vec![0, 2, 4]));
    assert_eq!(ready.partition(0).log_extents().len(), 1);
    ready.fixture.through_snapshot();
    let first = ready.name(5);
    assert_eq!(
        ready.fixture.state.object(&first),
        ObjectStatus::Named { references: 1 }
    );
    // Their own time comes, while the log stays where it is.
    assert_eq!(ready.trim_log(0, 4, Some(4), Some(2)), trimmed(4));
    assert_eq!(ready.stands(), (2, 4, 3, vec![2, 4]));
    assert!(matches!(
        ready.fixture.state.object(&first),
        ObjectStatus::Unnamed { .. }
    ));
    // Who deletes records deletes them for both.
    assert_eq!(ready.trim(0, 3, None), trimmed(4));
    assert_eq!(ready.stands(), (2, 4, 3, vec![2, 4]));
    assert_eq!(ready.trim(0, 4, None), trimmed(4));
    assert_eq!(ready.stands(), (4, 4, 3, vec![4]));
    ready.fixture.through_snapshot();
}

/// Nothing else does: and as extents follow one another, what lies before it goes with it.
#[test]
fn what_lies_elsewhere_takes_along_what_is_before_it() {
    let mut ready = Ready::filled();
    let inputs = ready.inputs();
    let in_file =
        |ready: &Ready, flush, first| in_lake(Some(ready.name(flush)), Some(END), ready.output(flush, first, 2));
    let outputs = vec![in_file(&ready, 5, 0)];
    assert_eq!(ready.swap(5, inputs[..1].to_vec(), outputs), SWAPPED);
    let outputs = vec![in_file(&ready, 6, 4)];
    assert_eq!(ready.swap(6, inputs[2..].to_vec(), outputs), SWAPPED);
    assert_eq!(ready.trim_log(0, 6, Some(0), Some(0)), trimmed(6));
    assert_eq!(ready.stands(), (4, 6, 0, vec![4]));
    ready.fixture.through_snapshot();
}

#[test]
fn they_are_merged_and_nothing_else_comes_there() {
    let mut ready = Ready::laked();
    ready.trim_log(0, 4, None, Some(0));
    let inputs = ready.inputs()[..2].to_vec();
    let why = "one below the log start lies in no lake file";
    let refused = rejected(Rejection::OutputsWrong(why));
    let in_segment = vec![ready.output(7, 0, 4)];
    assert_eq!(ready.swap(7, inputs.clone(), in_segment), refused);
    let file = in_lake(Some(ready.name(7)), Some(END), ready.output(7, 0, 4));
    // Of the first nothing is left when it comes: what was written of it is ignored, if it is apart.
    let mut raced = Ready::laked();
    raced.trim_log(0, 4, None, Some(2));
    let two = [(0, 2), (2, 2)];
    let two = two.map(|(first, records)| in_lake(Some(raced.name(7)), Some(END), raced.output(7, first, records)));
    assert_eq!(raced.swap(7, inputs.clone(), two.to_vec()), SWAPPED);
    assert_eq!(raced.stands(), (2, 4, 3, vec![2, 4]));
    raced.fixture.through_snapshot();
    assert_eq!(ready.swap(7, inputs, vec![file]), SWAPPED);
    assert_eq!(ready.stands(), (0, 4, 3, vec![0, 4]));
    ready.fixture.through_snapshot();
    // And with the log's own first.
    let all = ready.inputs();
    let file = in_lake(Some(ready.name(8)), Some(END), ready.output(8, 0, 6));
    assert_eq!(ready.swap(8, all, vec![file]), SWAPPED);
    assert_eq!(ready.stands(), (0, 4, 9, vec![0]));
    ready.fixture.through_snapshot();
}
