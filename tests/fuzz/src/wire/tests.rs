//! What is read is written the same, and what is changed is still a message.

use super::*;

#[test]
fn messages_come_back() {
    for (name, bytes) in crate::seeds("entry") {
        // One frame: kind, length, body.
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        let body = &bytes[4..4 + length];
        let fields = read(body, 0).unwrap();
        let mut out = Vec::new();
        write(&fields, &mut out);
        assert_eq!(out, body, "{name}");
    }
}

#[test]
fn changed_messages_are_messages() {
    let body = [0x08, 1, 0x12, 4, 0x08, 7, 0x10, 8, 0x1a, 2, b'a', 0xff];
    let mut different = 0;
    for seed in 0..500 {
        let changed = mutate(&body, seed, &mut |bytes| bytes.push(b'x')).unwrap();
        assert!(read(&changed, 0).is_some(), "{changed:?}");
        different += usize::from(changed != body);
    }
    assert!(different > 400, "{different} of 500");
    assert_eq!(mutate(&[0xff], 1, &mut |_| {}), None);
}
