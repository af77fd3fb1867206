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
