use super::*;
use crate::finding::Verdict;

fn good() -> (Settings, Facts) {
    let on = || "on".to_owned();
    let settings = Settings {
        standby: false,
        read_only: false,
        version: 15_00_18,
        synchronous_commit: on(),
        synchronous_standby_names: "FIRST 1 (a, b)".to_owned(),
        fsync: on(),
        full_page_writes: on(),
    };
    let facts = Facts {
        tables: true,
        data_checksums: on(),
        autovacuum: on(),
        table_not_vacuumed: false,
        connections_max: 97,
        connections: 12,
        standbys: 1,
        asynchronous: 0,
        unseen: 0,
        commits_off: 0,
        clock_ms: 0,
    };
    (settings, facts)
}

/// All other points stay as they should be.
#[test]
fn judged() {
    use Verdict::{Fail, Warn};
    let check = |change: fn(&mut Settings, &mut Facts), expect: &[(&str, Verdict)]| {
        let (mut settings, mut facts) = good();
        change(&mut settings, &mut facts);
        let found = judge(&settings, &facts);
        let wrong = found.iter().filter(|found| found.verdict != Verdict::Ok);
        let wrong: Vec<_> = wrong.map(|found| (found.name, found.verdict)).collect();
        assert_eq!(wrong, expect, "{settings:?} {facts:?}");
        assert!(
            found
                .iter()
                .all(|found| found.advice.is_empty() == (found.verdict == Verdict::Ok)),
            "who is told that something is wrong is told what to do: {found:?}"
        );
    };
    check(|_, _| {}, &[]);
    check(|s, _| s.version = 11_00_22, &[("postgres_version", Fail)]);
    check(|s, _| s.standby = true, &[("postgres_primary", Fail)]);
    check(|_, f| f.tables = false, &[("postgres_tables", Warn)]);
    check(|s, _| s.read_only = true, &[("postgres_primary", Fail)]);
    check(
        |s, _| s.synchronous_commit = "off".into(),
        &[("postgres_synchronous_commit", Fail)],
    );
    check(
        |s, _| s.synchronous_commit = "local".into(),
        &[("postgres_synchronous_commit", Warn)],
    );
    check(|s, _| s.synchronous_commit = "remote_apply".into(), &[]);
    check(|_, f| f.commits_off = 1, &[("postgres_synchronous_commit", Warn)]);
    check(|s, _| s.fsync = "off".into(), &[("postgres_fsync", Fail)]);
    check(
        |s, _| s.full_page_writes = "off".into(),
        &[("postgres_full_page_writes", Warn)],
    );
    check(
        |s, _| s.synchronous_standby_names = " ".into(),
        &[("postgres_standbys", Warn)],
    );
    check(|_, f| f.standbys = 0, &[("postgres_standbys", Warn)]);
    check(|_, f| f.asynchronous = 1, &[("postgres_standbys", Warn)]);
    check(|_, f| f.unseen = 1, &[("postgres_standbys", Warn)]);
    check(
        |_, f| f.data_checksums = "off".into(),
        &[("postgres_data_checksums", Warn)],
    );
    check(|_, f| f.autovacuum = "off".into(), &[("postgres_autovacuum", Warn)]);
    check(|_, f| f.table_not_vacuumed = true, &[("postgres_autovacuum", Warn)]);
    check(|_, f| f.connections = 93, &[]);
    check(|_, f| f.connections = 94, &[("postgres_connections", Warn)]);
    check(
        |s, f| (s.synchronous_commit, f.commits_off) = ("off".into(), 3),
        &[("postgres_synchronous_commit", Fail)],
    );
}
