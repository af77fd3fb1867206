use ledger::Verdict;

use super::*;

#[test]
fn upkeep_is_judged_by_what_is_behind() {
    let check = |base: u64, snapshot: u64, end: u64, expect: [Verdict; 2]| {
        let stand = Stand {
            base,
            snapshot,
            end,
            snapshot_entries: 100,
        };
        let judged = judge(stand);
        assert_eq!([judged[0].verdict, judged[1].verdict], expect, "{judged:?}");
    };
    use Verdict::{Ok, Warn};
    check(0, 0, 0, [Ok, Ok]);
    check(0, 0, 200, [Ok, Ok]);
    check(0, 0, 201, [Warn, Ok]);
    check(1000, 1200, 1400, [Ok, Ok]);
    check(1000, 1200, 1401, [Warn, Warn]);
    check(1000, 1390, 1401, [Ok, Warn]);
    // A snapshot newer than the end that was read.
    check(5, 20, 10, [Ok, Ok]);
}
