//! Numbers come back as they went, in one form only.

use bytes::BytesMut;

use super::*;

#[test]
fn numbers_come_back() {
    let check = |value: u64, expect: &[u8]| {
        let mut bytes = BytesMut::new();
        write(&mut bytes, value);
        assert_eq!(&bytes[..], expect);
        let mut from = &bytes[..];
        assert_eq!(read_u64(&mut from), Ok(value));
        assert!(from.is_empty());
    };
    check(0, &[0]);
    check(127, &[127]);
    check(128, &[0x80, 1]);
    check(300, &[0xac, 2]);
    check(u64::from(u32::MAX), &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    check(u64::MAX, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
}

#[test]
fn other_forms_are_refused() {
    let check = |mut bytes: &[u8], expect| assert_eq!(read_u64(&mut bytes), Err(SegmentError::Index(expect)));
    check(&[], "cut short");
    check(&[0x80], "cut short");
    check(&[0x80, 0], "number not in its shortest form");
    check(
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
        "number out of range",
    );
    check(&[0xff; 11], "number out of range");
    let too_wide = read_u32(&mut &[0x80, 0x80, 0x80, 0x80, 0x10][..]);
    assert_eq!(too_wide, Err(SegmentError::Index("number out of range")));
}
