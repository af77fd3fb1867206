use super::*;

#[test]
fn codes() {
    let check = |findings: Vec<Finding>, unreachable: bool, exit: Exit| {
        let report = Report { findings, unreachable };
        assert_eq!(report.exit(), exit, "{}", report.summary());
    };
    let (ok, warn, fail) = (
        || Finding::ok("a", "well"),
        || Finding::warn("b", "so so", "do it"),
        || Finding::fail("c", "no", "do it"),
    );
    check(vec![], false, Exit::Ok);
    check(vec![ok(), warn()], false, Exit::Ok);
    check(vec![ok(), fail(), warn()], false, Exit::CheckNotMet);
    check(vec![ok(), fail()], true, Exit::Unreachable);
}

#[test]
fn for_people_and_programs() {
    let mut report = Report::default();
    report.extend([Finding::ok("a", "well"), Finding::fail("c", "no\n  way", "do it")]);
    assert_eq!(report.summary(), "1 OK, 0 WARN, 1 FAIL");
    assert_eq!(row(&report.findings[1]), ["FAIL", "c", "no way", "do it"]);
    let document = serde_json::to_string(&report.document()).expect("JSON");
    assert_eq!(
        document,
        r#"{"findings":[{"name":"a","verdict":"OK","what":"well"},{"name":"c","verdict":"FAIL","what":"no\n  way","advice":"do it"}],"ok":1,"warn":0,"fail":1}"#
    );
}
