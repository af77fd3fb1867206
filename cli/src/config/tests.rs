use clap::CommandFactory as _;

use super::*;
use crate::args::Cli;
use crate::exit::{self, Exit};

#[test]
fn every_key_is_optional() {
    assert_eq!(FileConfig::parse("").expect("nothing"), FileConfig::default());
    let config = FileConfig::parse("http-addr = '127.0.0.1:1'").expect("one key");
    assert_eq!(config.get("http_addr"), Some("127.0.0.1:1"));
    assert_eq!(config.get("url"), None);
}

#[test]
fn unknown_keys_are_refused_as_usage() {
    for text in ["urls = 'x'", "http_addr = 'x'", "url = 1", "url"] {
        let error = FileConfig::parse(text).expect_err(text);
        assert_eq!(exit::of(&error), Exit::Usage, "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_says_nothing() {
    let config = FileConfig::read(Path::new("/nonexistent/tidelog.toml")).expect("no file");
    assert_eq!(config, FileConfig::default());
}

fn check(file: &str, line: &[&str], expect: &str) {
    let config = FileConfig::parse(file).expect("a file");
    let matches = config
        .apply(Cli::command())
        .try_get_matches_from(line)
        .expect("a command line");
    let (_, topic) = matches.subcommand().expect("topic");
    let (_, list) = topic.subcommand().expect("list");
    assert_eq!(list.get_one::<url::Url>("url").expect("a url").as_str(), expect);
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let line = ["tidelog", "topic", "list"];
    check("", &line, "http://127.0.0.1:8080/");
    check("url = 'http://file:1'", &line, "http://file:1/");
    check(
        "url = 'http://file:1'",
        &["tidelog", "topic", "list", "--url", "http://flag:2"],
        "http://flag:2/",
    );
}
