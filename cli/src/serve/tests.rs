use super::*;
use crate::exit;

fn check(given: Option<&str>, bound: &str, expect: &str) {
    assert_eq!(advertised(given, bound.parse().expect("an address")), expect);
}

#[test]
fn others_are_told_an_address_that_is_ours_alone() {
    check(None, "127.0.0.1:8080", "127.0.0.1:8080");
    check(None, "0.0.0.0:8080", "");
    check(None, "[::]:8080", "");
    check(Some("a.example:80"), "0.0.0.0:8080", "a.example:80");
}

#[tokio::test]
async fn addresses_beyond_loopback_have_to_be_meant() {
    let error = bind("0.0.0.0:0", false).await.expect_err("refused");
    assert_eq!(exit::of(&error), Exit::Usage);
    bind("0.0.0.0:0", true).await.expect("meant");
    bind("127.0.0.1:0", false).await.expect("loopback");
    assert!(bind("nowhere", true).await.is_err());
}
