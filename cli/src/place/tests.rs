use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    place: PlaceArgs,
}

fn check(options: &[&str], expect: Option<(&str, &str)>) {
    let line = std::iter::once(&"x").chain(options);
    let named = Line::try_parse_from(line).ok().and_then(|line| line.place.named());
    let named = named
        .as_ref()
        .map(|place| (place.store.as_str(), place.ledger.as_str()));
    assert_eq!(named, expect, "{options:?}");
}

#[test]
fn a_folder_or_two_urls() {
    check(&["--dir", "d"], Some(("file:d/objects", "sqlite:d/ledger.db")));
    check(
        &["--store", "s3://b/p", "--ledger", "sqlite:l"],
        Some(("s3://b/p", "sqlite:l")),
    );
    check(&[], None);
    check(&["--store", "s3://b/p"], None);
    check(&["--ledger", "sqlite:l"], None);
    check(&["--dir", "d", "--store", "s3://b/p", "--ledger", "sqlite:l"], None);
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let error = Place::in_dir(Path::new("/nonexistent"))
        .must_exist()
        .expect_err("nothing there");
    assert_eq!(error.exit, Exit::NotFound);
}

#[test]
fn keys_are_not_shown() {
    let line = Line::try_parse_from(["x", "--aws-secret-access-key", "hush"]).expect("a line");
    let options = format!("{:?}", line.place.aws.store_options());
    assert!(!options.contains("hush"), "{options}");
}
