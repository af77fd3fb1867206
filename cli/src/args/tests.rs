use super::*;

#[test]
fn the_commands_make_sense() {
    Cli::command().debug_assert();
}

fn check(line: &str, expect_ok: bool) {
    let parsed = Cli::try_parse_from(line.split(' '));
    assert_eq!(parsed.is_ok(), expect_ok, "{line}: {parsed:?}");
}

#[test]
fn lines_that_parse() {
    check("tidelog topic create orders -p 3 -c retention.ms=1000 -o json", true);
    check("tidelog topic list ord --url http://h:1", true);
    check("tidelog topic trim orders --before -10 --yes", true);
    check("tidelog produce orders", true);
    check(
        "tidelog produce orders flights.ndjson -f ndjson --key-path $.carrier --producer-id p1",
        true,
    );
    check("tidelog consume orders -o -5", true);
    check("tidelog consume orders -o @-1h:end -n 10 -p 0 --output json", true);
    check("tidelog consume orders -f %o:%s", true);
    check("tidelog group reset g --topic orders --to -10 --yes", true);
    check("tidelog group reset g --topic orders --shift-by -10", true);
    check(
        "tidelog cluster alter -c agent.timeout.ms=1000 --unset segment.grace.ms",
        true,
    );
    check("tidelog topic describe orders --zone use1-az2", true);
    check("tidelog agent --store memory: --ledger memory: --zone a", true);
    check("tidelog --quiet topic list", true);
    check("tidelog topic list --quiet", true);
}

#[test]
fn a_zone_that_is_set_to_nothing_is_none() {
    assert_eq!(zone(""), Ok(String::new()));
    assert_eq!(zone("a b"), Err(metadata::NotAZone));
}

#[test]
fn lines_that_do_not() {
    check("tidelog", false);
    check("tidelog topic create", false);
    check("tidelog topic create orders -c nothing", false);
    check("tidelog topic list -o yaml", false);
    check("tidelog consume orders -o nowhere", false);
    check("tidelog consume orders -f %q", false);
    check("tidelog consume orders -f %s --output json", false);
    check("tidelog group reset g --topic orders", false);
    check("tidelog group reset g --topic orders --to earliest --shift-by 1", false);
    check("tidelog cluster alter", false);
    check("tidelog topic describe orders --zone a,b", false);
    check("tidelog agent --store memory: --ledger memory: --zone a=b", false);
}
