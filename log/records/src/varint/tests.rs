//! Numbers come back as they went, in one form only.

use proptest::prelude::*;

use super::*;

#[test]
fn known_forms() {
    let check = |value: i64, expect: &[u8]| {
        let mut bytes = Vec::new();
        write(&mut bytes, value);
        assert_eq!(bytes, expect);
        assert_eq!(len_bytes(value), bytes.len());
    };
    check(0, &[0]);
    check(-1, &[1]);
    check(1, &[2]);
    check(63, &[0x7e]);
    check(-64, &[0x7f]);
    check(64, &[0x80, 1]);
    check(i64::from(i32::MAX), &[0xfe, 0xff, 0xff, 0xff, 0x0f]);
    check(i64::from(i32::MIN), &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    check(i64::MIN, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
}

#[test]
fn other_forms_are_refused() {
    let check = |bytes: &[u8], narrow, wide| {
        assert_eq!(read_i32(bytes, &mut 0), Err(narrow));
        assert_eq!(read_i64(bytes, &mut 0), wide);
    };
    let (truncated, varint) = (RecordFault::Truncated, RecordFault::Varint);
    check(&[], truncated, Err(truncated));
    check(&[0x80], truncated, Err(truncated));
    check(&[0x80, 0], varint, Err(varint));
    check(&[0x80, 0x80, 0x80, 0x80, 0x10], varint, Ok(1 << 31));
    check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0], varint, Err(varint));
    check(
        &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2],
        varint,
        Err(varint),
    );
    check(&[0xff; 11], varint, Err(varint));
}

proptest! {
    #[test]
    fn numbers_come_back(wide: i64, narrow: i32, shift in 0_u32..64) {
        for value in [wide >> shift, i64::from(narrow)] {
            let mut bytes = Vec::new();
            write(&mut bytes, value);
            prop_assert_eq!(len_bytes(value), bytes.len());
            let mut at = 0;
            prop_assert_eq!(read_i64(&bytes, &mut at), Ok(value));
            prop_assert_eq!(at, bytes.len());
            prop_assert_eq!(read_i32(&bytes, &mut 0).ok(), i32::try_from(value).ok());
        }
    }

    #[test]
    fn what_is_read_is_the_shortest_form(bytes: [u8; 11]) {
        let mut at = 0;
        if let Ok(value) = read_i64(&bytes, &mut at) {
            let mut written = Vec::new();
            write(&mut written, value);
            prop_assert_eq!(&bytes[..at], &written[..]);
        }
    }
}
