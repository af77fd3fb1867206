use super::*;
use crate::finding::Verdict;

struct Facts {
    described: Described,
    expires: Result<bool, LedgerError>,
    backups: Result<bool, LedgerError>,
}

fn good() -> Facts {
    Facts {
        described: Described {
            status: "ACTIVE".to_owned(),
            key: vec!["log_segment HASH S".to_owned(), "position RANGE N".to_owned()],
            regions: Vec::new(),
            deletion_protection: true,
            consistency: "EVENTUAL".to_owned(),
            units: None,
        },
        expires: Ok(false),
        backups: Ok(true),
    }
}

fn refused(code: &str) -> Result<bool, LedgerError> {
    Err(LedgerError::refused(format!("dynamodb: {code} (400): no")))
}

/// All other points stay as they should be.
#[test]
fn judged() {
    use Verdict::{Fail, Warn};
    let check = |change: fn(&mut Facts), expect: &[(&str, Verdict, &str)]| {
        let mut facts = good();
        change(&mut facts);
        let found = judge(&facts.described, facts.expires, facts.backups);
        let wrong: Vec<_> = found.iter().filter(|found| found.verdict != Verdict::Ok).collect();
        assert_eq!(wrong.len(), expect.len(), "{wrong:?}");
        for (wrong, (name, verdict, what)) in wrong.iter().zip(expect) {
            assert_eq!((wrong.name, wrong.verdict), (*name, *verdict));
            assert!(wrong.what.contains(what) && !wrong.advice.is_empty(), "{wrong:?}");
        }
    };
    check(|_| {}, &[]);
    check(|f| f.described.status = "UPDATING".into(), &[]);
    check(
        |f| f.described.status = "ARCHIVED".into(),
        &[("dynamodb_status", Fail, "ARCHIVED")],
    );
    check(|f| f.described.key.truncate(1), &[("dynamodb_key", Fail, "its key is")]);
    check(
        |f| f.described.regions = vec!["eu-west-1".into()],
        &[("dynamodb_regions", Fail, "won in two regions")],
    );
    check(
        |f| (f.described.regions, f.described.consistency) = (vec!["eu-west-1".into()], "STRONG".into()),
        &[("dynamodb_regions", Fail, "no transactions")],
    );
    check(|f| f.expires = Ok(true), &[("dynamodb_time_to_live", Fail, "vanish")]);
    check(|f| f.backups = Ok(false), &[("dynamodb_backups", Warn, "is off")]);
    check(
        |f| f.backups = refused("AccessDeniedException"),
        &[(
            "dynamodb_backups",
            Warn,
            "dynamodb:DescribeContinuousBackups is not allowed",
        )],
    );
    check(
        |f| f.expires = refused("UnknownOperationException"),
        &[("dynamodb_time_to_live", Warn, "cannot be seen here")],
    );
    check(
        |f| f.described.deletion_protection = false,
        &[("dynamodb_deletion_protection", Warn, "off")],
    );
    check(
        |f| f.described.units = Some((5, 5)),
        &[("dynamodb_throughput", Warn, "5 read and 5 write")],
    );
}
