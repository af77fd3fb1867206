use super::*;

#[test]
fn urls() {
    let check = |rest: &str, expect: Result<(&str, &str), &str>| {
        let address = Address::parse(rest);
        match (&address, expect) {
            (Ok(address), Ok(expect)) => assert_eq!((&*address.table, &*address.log), expect, "{rest}"),
            (Err(error), Err(expect)) => assert!(error.contains(expect), "{rest}: {error}"),
            _ => panic!("{rest}: {address:?} instead of {expect:?}"),
        }
    };
    check("//ledger", Ok(("ledger", "tidelog")));
    check("//my.ledger-1_a?log=orders", Ok(("my.ledger-1_a", "orders")));
    check("ledger", Err("a table must follow"));
    check("", Err("a table must follow"));
    check("//", Err("a table is named by"));
    check("//ab", Err("a table is named by"));
    check("//led/ger", Err("a table is named by"));
    check("//ledger?log=", Err("a log is named by"));
    check("//ledger?log=a/b", Err("a log is named by"));
    check("//ledger?log=a&log=b", Err("a log is named by"));
    check("//ledger?table=a", Err("the one setting"));
    check("//ledger?log", Err("the one setting"));
    check(&format!("//{}", "t".repeat(256)), Err("a table is named by"));
    check(&format!("//ledger?log={}", "l".repeat(129)), Err("a log is named by"));
}

#[test]
fn keys() {
    let address = Address::parse("//ledger?log=orders").unwrap();
    let check = |position: u64, segment: &str| {
        let segment = segment.to_owned();
        assert_eq!(address.entry(position), Key { segment, position });
    };
    check(0, "orders/0");
    check(65_535, "orders/0");
    check(65_536, "orders/1");
    check(u64::MAX, "orders/281474976710655");
    assert_eq!(address.base().segment, "orders/base");
}
