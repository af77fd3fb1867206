use super::*;

fn described() -> Described {
    Described {
        status: "ACTIVE".to_owned(),
        key: vec!["log_segment HASH S".to_owned(), "position RANGE N".to_owned()],
        regions: Vec::new(),
        deletion_protection: true,
        consistency: "EVENTUAL".to_owned(),
        units: None,
    }
}

#[test]
fn what_would_lose_entries_is_refused() {
    let check = |change: fn(&mut Described), expires: bool, expect: Result<usize, &str>| {
        let mut described = described();
        change(&mut described);
        match (judge(&described, expires), expect) {
            (Ok(notes), Ok(expect)) => assert_eq!(notes.len(), expect, "{notes:?}"),
            (Err(error), Err(expect)) => assert!(error.contains(expect), "{error}"),
            (judged, expect) => panic!("{judged:?} instead of {expect:?}"),
        }
    };
    check(|_| {}, false, Ok(0));
    check(|table| table.status = "UPDATING".to_owned(), false, Ok(0));
    check(|table| table.deletion_protection = false, false, Ok(1));
    check(
        |table| table.status = "DELETING".to_owned(),
        false,
        Err("it is DELETING"),
    );
    check(|table| table.status = "CREATING".to_owned(), false, Err("not ACTIVE"));
    check(|_| {}, true, Err("time to live"));
    check(
        |table| table.regions = vec!["eu-west-1".to_owned()],
        false,
        Err("global table (also in eu-west-1)"),
    );
    check(
        |table| table.key[1] = "position RANGE S".to_owned(),
        false,
        Err("its key is (log_segment HASH S, position RANGE S)"),
    );
    check(|table| table.key.truncate(1), false, Err("its key is"));
}
