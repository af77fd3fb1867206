use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    limits: LimitArgs,
}

fn check(text: &str, expect: Option<u64>) {
    assert_eq!(bytes(text).ok(), expect, "{text}");
}

#[test]
fn sizes() {
    check("0", Some(0));
    check("8388608", Some(8 << 20));
    check("8MiB", Some(8 << 20));
    check("8M", Some(8 << 20));
    check("2KiB", Some(2048));
    check("1G", Some(1 << 30));
    for text in ["", "M", "-1", "1.5M", "8MB", "99999999999999G", "1 M"] {
        check(text, None);
    }
}

#[test]
fn what_is_given_goes_over_the_defaults() {
    let line = Line::try_parse_from(["x", "--memory-bytes-max", "1MiB", "--linger-ms", "7"]).expect("a line");
    let mut config = EngineConfig::default();
    let segment_bytes_max = config.segment_bytes_max;
    line.limits.engine(&mut config);
    assert_eq!(
        (config.memory_bytes_max, config.linger),
        (1 << 20, Duration::from_millis(7))
    );
    assert_eq!(config.segment_bytes_max, segment_bytes_max);
}

fn check_flag(flag: &str, taken: &[&str], refused: &[&str], why: &str) {
    for value in taken {
        Line::try_parse_from(["x", flag, value]).unwrap_or_else(|error| panic!("{error}"));
    }
    for value in refused {
        let error = Line::try_parse_from(["x", flag, value]).expect_err(value).to_string();
        assert!(error.contains(why) && error.contains(flag), "{value}: {error}");
    }
}

#[test]
fn a_limit_that_limits_nothing_or_leaves_nothing_is_refused() {
    check_flag(
        "--memory-bytes-max",
        &["1MiB", "4GiB", "4294967296"],
        &["0", "1048575", "4294967297", "5GiB"],
        "1MiB to 4GiB",
    );
    check_flag("--memory-bytes-max", &[], &["x"], "a size is");
    for flag in ["--connections-max", "--puts-in-flight-max"] {
        let why = "a whole number from 1 to 1000000";
        check_flag(flag, &["1", "1000000"], &["0", "1000001", "1.5", "x"], why);
    }
    check_flag(
        "--puts-per-second",
        &["0.01", "4", "10000"],
        &["0", "0.001", "-1", "nan", "inf", "10001", "x"],
        "a number from 0.01 to 10000",
    );
}
