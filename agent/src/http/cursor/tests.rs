use proptest::prelude::*;

use super::*;

fn cursor() -> impl Strategy<Value = Cursor> {
    let offsets = proptest::collection::vec(any::<u64>(), 1..=PARTITIONS_MAX);
    (
        any::<[u8; 16]>(),
        any::<u64>(),
        any::<u64>(),
        any::<u16>(),
        any::<bool>(),
        any::<u32>(),
        offsets,
    )
        .prop_map(|(topic, era, position, first, closed, turn, next)| Cursor {
            topic: TopicId(topic),
            seen: Seen { era, position },
            first: first.into(),
            closed,
            turn: turn % next.len() as u32,
            next,
        })
}

proptest! {
    #[test]
    fn what_is_written_is_read(cursor in cursor()) {
        let text = cursor.encode();
        prop_assert!(text.len() <= TEXT_BYTES_MAX, "{} bytes", text.len());
        prop_assert_eq!(Cursor::decode(&text), Ok(cursor));
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = Cursor::decode(&text);
    }

    #[test]
    fn no_bytes_with_a_right_checksum_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Some(version) = bytes.first_mut() {
            *version = VERSION;
        }
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
        let _ = Cursor::decode(&URL_SAFE_NO_PAD.encode(bytes));
    }
}

#[test]
fn a_changed_letter_is_found() {
    let text = Cursor {
        topic: TopicId([7; 16]),
        seen: Seen { era: 1, position: 77 },
        first: 0,
        closed: false,
        turn: 1,
        next: vec![42, 43],
    }
    .encode();
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(Cursor::decode(&changed).is_err(), "{changed}");
        assert!(Cursor::decode(&text[..at]).is_err(), "cut at {at}");
    }
}
