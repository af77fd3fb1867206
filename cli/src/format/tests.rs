use super::*;

fn record() -> Record {
    Record {
        partition: 3,
        offset: 42,
        timestamp_ms: 1_763_800_000_000,
        key: Some(b"k\xff".to_vec()),
        value: Some(b"val".to_vec()),
        headers: vec![("a".to_owned(), Some(b"1".to_vec())), ("b".to_owned(), None)],
    }
}

fn check(format: &str, record: &Record, expect: &[u8]) {
    let mut out = Vec::new();
    let format: RecordFormat = format.parse().expect("a format");
    format.render("orders", record, &mut out);
    assert_eq!(out, expect, "{format:?}");
}

#[test]
fn letters() {
    check("%t %p %o", &record(), b"orders 3 42");
    check("%k=%s", &record(), b"k\xff=val");
    check("%K %S", &record(), b"2 3");
    check("%R%s", &record(), b"\0\0\0\x03val");
    check("%T", &record(), b"1763800000000");
    check("%h", &record(), b"a=1,b=NULL");
    check("100%% \\t%s\\n", &record(), b"100% \tval\n");
    check("\\x00\\xfe\\0\\\\", &record(), b"\x00\xfe\x00\\");
    check("ü%s", &record(), "üval".as_bytes());
    check("", &record(), b"");
}

#[test]
fn nothing_is_empty_with_length_minus_one() {
    check("[%k][%s][%h] %K %S", &Record::default(), b"[][][] -1 -1");
    check("%R", &Record::default(), b"\xff\xff\xff\xff");
    let empty = Record {
        value: Some(Vec::new()),
        ..Record::default()
    };
    check("[%s] %S", &empty, b"[] 0");
}

fn check_refused(format: &str, expect: FormatError) {
    assert_eq!(format.parse::<RecordFormat>(), Err(expect), "{format}");
}

#[test]
fn what_means_nothing_is_refused() {
    check_refused("%x", FormatError::Letter('x'));
    check_refused("%s%", FormatError::DanglingPercent);
    check_refused("\\q", FormatError::Escape);
    check_refused("\\x4", FormatError::Escape);
    check_refused("\\xzz", FormatError::Escape);
    check_refused("\\", FormatError::Escape);
}
