use super::*;

#[test]
fn times_are_found_behind_any_name() {
    let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 1234 56 0 0 20 0 8 0 100 1000 200";
    assert_eq!(cpu_ticks(stat), Some(1290));
    assert_eq!(cpu_ticks(""), None);
    assert_eq!(cpu_ticks("42 (a) S 1"), None);
}

#[test]
fn this_process_uses_some() {
    let own = Process::new(std::process::id());
    assert!(own.rss_bytes().expect("memory") > 100_000);
    assert!(own.cpu_seconds().expect("time") >= 0.0);
}
