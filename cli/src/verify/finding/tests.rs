use super::*;

#[test]
fn kinds_have_names_and_garbage_is_no_fault() {
    assert_eq!(Kind::MissingObject.to_string(), "missing_object");
    assert_eq!(Kind::StagedFile.to_string(), "staged_file");
    for kind in [Kind::MissingObject, Kind::Hole, Kind::WrongCluster] {
        assert!(kind.is_fault(), "{kind}");
    }
    for kind in [
        Kind::Orphan,
        Kind::Unnamed,
        Kind::OldSnapshot,
        Kind::StagedFile,
        Kind::UnknownName,
        Kind::Pending,
    ] {
        assert!(!kind.is_fault(), "{kind}");
    }
}

#[test]
fn a_line_says_where() {
    let spot = Spot {
        topic: "orders".to_owned(),
        partition: 3,
        first: 10,
        last: 12,
    };
    let finding = Finding::object(Kind::DamagedRecords, "ab/segment/x", "checksum").at(&spot);
    assert_eq!(
        finding.row(),
        ["damaged_records", "orders/3 ab/segment/x", "10..12", "checksum"]
    );
    let finding = Finding::entry(Kind::MissingEntry, 7, "gone");
    assert_eq!(finding.row(), ["missing_entry", "entry 7", "", "gone"]);
}

#[test]
fn reports_count_faults_and_garbage_apart() {
    let mut report = Report::default();
    report.add(Finding::new(Kind::Halted, "x"));
    report.add(Finding::new(Kind::Orphan, "x"));
    assert_eq!(report.faults(), 1);
    assert!(
        report.summary().ends_with("1 faults, 1 pieces of garbage"),
        "{}",
        report.summary()
    );
}
