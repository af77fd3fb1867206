use super::*;

#[test]
fn reports_gather_what_was_appended() {
    let mut report = Report::default();
    let ack = |partition, base_offset, count| Ack {
        partition,
        base_offset,
        count,
    };
    report.add(&[ack(0, 10, 5), ack(1, 0, 0)], false);
    report.add(&[ack(0, 20, 2), ack(2, 7, 1)], true);
    assert_eq!((report.requests, report.records, report.replayed), (2, 8, 1));
    let partitions: Vec<_> = report
        .partitions
        .iter()
        .map(|(number, item)| (*number, item.first, item.last, item.records))
        .collect();
    assert_eq!(partitions, [(0, 10, 21, 7), (2, 7, 7, 1)]);
}
