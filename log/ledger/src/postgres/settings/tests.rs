use super::*;

fn good() -> Settings {
    Settings {
        standby: false,
        read_only: false,
        version: 15_00_18,
        synchronous_commit: "on".to_owned(),
        synchronous_standby_names: "FIRST 1 (a, b)".to_owned(),
        fsync: "on".to_owned(),
        full_page_writes: "on".to_owned(),
    }
}

#[test]
fn judged() {
    let check = |change: fn(&mut Settings), refusal: bool, no_primary: bool, warnings: usize| {
        let mut settings = good();
        change(&mut settings);
        let judged = (
            settings.refusal().is_some(),
            settings.no_primary().is_some(),
            settings.warnings().len(),
        );
        assert_eq!(judged, (refusal, no_primary, warnings), "{settings:?}");
    };
    check(|_| {}, false, false, 0);
    check(|s| s.synchronous_commit = "remote_apply".to_owned(), false, false, 0);
    check(|s| s.synchronous_commit = "off".to_owned(), true, false, 0);
    check(|s| s.synchronous_commit = "local".to_owned(), false, false, 1);
    check(|s| s.version = 11_00_22, true, false, 0);
    check(|s| s.standby = true, false, true, 0);
    check(|s| s.read_only = true, false, true, 0);
    check(|s| s.synchronous_standby_names = " ".to_owned(), false, false, 1);
    check(|s| s.fsync = "off".to_owned(), false, false, 1);
    check(|s| s.full_page_writes = "off".to_owned(), false, false, 1);
}
