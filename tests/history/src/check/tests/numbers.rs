//! What is compared with a number: committed offsets and watermarks.

use super::*;

#[test]
fn committed_offsets_are_registers() {
    use Kind::CommittedOffset;
    check(&[committed((0, 1), None)], &[]);
    check(&[committed((0, 1), Some(5))], &[CommittedOffset]);
    check(&[commit((0, 1), OK, 5, false), committed((2, 3), Some(5))], &[]);
    check(
        &[commit((0, 1), OK, 5, false), committed((2, 3), None)],
        &[CommittedOffset],
    );
    check(&[commit((0, 3), OK, 5, false), committed((1, 2), None)], &[]);
    check(
        &[commit((0, 1), Outcome::Fail, 5, false), committed((2, 3), Some(5))],
        &[CommittedOffset],
    );
    // One after the other, and at the same time.
    let two = |first: (u64, u64), second: (u64, u64), offset, expect: &[Kind]| {
        check(
            &[
                commit(first, OK, 5, false),
                commit(second, OK, 6, false),
                committed((8, 9), Some(offset)),
            ],
            expect,
        );
    };
    two((0, 1), (2, 3), 6, &[]);
    two((0, 1), (2, 3), 5, &[CommittedOffset]);
    two((0, 2), (1, 3), 5, &[]);
    // Unknown: at any time later, but not behind one that settles.
    let unknown = |settles, offset, expect: &[Kind]| {
        let (unknown, known) = (commit((0, 1), INFO, 5, false), commit((2, 3), OK, 6, settles));
        check(&[unknown, known, committed((4, 5), Some(offset))], expect);
    };
    unknown(false, 5, &[]);
    unknown(false, 6, &[]);
    unknown(true, 5, &[CommittedOffset]);
    unknown(true, 6, &[]);
    // What was seen does not go back: 6 came after 5 or before it, not both.
    let pair = || [commit((0, 3), OK, 5, false), commit((0, 3), OK, 6, false)];
    let [five, six] = pair();
    let looks = |second| [committed((4, 5), Some(6)), committed((6, 7), Some(second))];
    let [one, two] = looks(6);
    check(&[five.clone(), six.clone(), one, two], &[]);
    let [one, two] = looks(5);
    check(&[five, six, one, two], &[CommittedOffset]);
}

#[test]
fn watermarks_do_not_fall() {
    use Basis::{Carried, Hint, Tip};
    use Kind::{StaleEnd, UnaskedTrim, WatermarkFell, WatermarkOrder};
    let trims = || trim((0, 0), OK, 9);
    let pair = |basis, second: u32, marks: (u64, u64), expect: &[Kind]| {
        let (one, two) = (
            watermarks(1, (1, 2), basis, (3, 9)),
            watermarks(second, (3, 4), basis, marks),
        );
        check(&[trims(), one, two], expect);
    };
    pair(Carried, 1, (3, 9), &[]);
    pair(Carried, 1, (3, 8), &[WatermarkFell]);
    pair(Carried, 1, (2, 9), &[WatermarkFell]);
    pair(Carried, 2, (2, 8), &[]);
    pair(Hint, 1, (2, 8), &[]);
    pair(Tip, 2, (3, 8), &[StaleEnd]);
    pair(Tip, 2, (2, 9), &[StaleEnd]);
    check(&[trims(), watermarks(1, (1, 2), Hint, (9, 8))], &[WatermarkOrder]);
    check(&[watermarks(1, (1, 2), Hint, (1, 8))], &[UnaskedTrim]);
    check(
        &[ok((0, 1), 0, &["a"]), watermarks(3, (2, 3), Tip, (0, 0))],
        &[StaleEnd],
    );
    check(&[ok((0, 2), 0, &["a"]), watermarks(3, (1, 3), Tip, (0, 0))], &[]);
    // Forgotten with everything else.
    let crash = operation(1, (2, 2), OK, Did::Crash);
    check(
        &[
            trims(),
            watermarks(1, (1, 2), Carried, (3, 9)),
            crash,
            watermarks(1, (3, 4), Carried, (3, 8)),
        ],
        &[],
    );
}
