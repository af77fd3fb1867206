use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    compactor: CompactorArgs,
}

fn check(flags: &[&str], expect: Option<Option<&str>>) {
    let line = Line::try_parse_from(["x"].iter().chain(flags)).ok();
    let tells_at = line.as_ref().map(|line| line.compactor.tells_at.as_deref());
    assert_eq!(tells_at, expect, "{flags:?}");
}

#[test]
fn it_tells_how_it_fares_where_it_is_told_to() {
    check(&[], Some(None));
    check(&["--once"], Some(None));
    check(&["--http-addr", "0.0.0.0:1", "--insecure"], Some(Some("0.0.0.0:1")));
    check(&["--http-addr", "0.0.0.0:1", "--once"], None);
}
