//! What other implementations compressed comes out, nothing beyond the cap does, and damage is an error.

use proptest::prelude::*;

use super::*;

const GOLDEN: &[(Codec, &str, &[u8])] = &[
    (Codec::Gzip, "gzip", include_bytes!("../../tests/golden/text.gzip")),
    (
        Codec::Snappy,
        "snappy-raw",
        include_bytes!("../../tests/golden/text.snappy-raw"),
    ),
    (
        Codec::Snappy,
        "snappy-xerial",
        include_bytes!("../../tests/golden/text.snappy-xerial"),
    ),
    (
        Codec::Lz4,
        "lz4-independent",
        include_bytes!("../../tests/golden/text.lz4-independent"),
    ),
    (
        Codec::Lz4,
        "lz4-linked",
        include_bytes!("../../tests/golden/text.lz4-linked"),
    ),
    (Codec::Lz4, "lz4-4m", include_bytes!("../../tests/golden/text.lz4-4m")),
    (
        Codec::Lz4,
        "lz4-two-frames",
        include_bytes!("../../tests/golden/text.lz4-two-frames"),
    ),
    (
        Codec::Zstd,
        "zstd-sized",
        include_bytes!("../../tests/golden/text.zstd-sized"),
    ),
    (
        Codec::Zstd,
        "zstd-stream",
        include_bytes!("../../tests/golden/text.zstd-stream"),
    ),
];
const MIB: usize = 1 << 20;

fn text() -> Vec<u8> {
    let line = |i: u32| format!("line {i} of a text that repeats itself, and again {}\n", i * i);
    (0..1500).map(line).collect::<String>().into_bytes()
}

fn compressing() -> impl Iterator<Item = Codec> {
    Codec::ALL.into_iter().skip(1)
}

#[test]
fn golden_texts_are_inflated() {
    let text = text();
    for (codec, name, compressed) in GOLDEN {
        assert_eq!(inflate(*codec, compressed, MIB).as_deref(), Ok(&text[..]), "{name}");
        assert_eq!(
            inflate(*codec, compressed, text.len()).as_deref(),
            Ok(&text[..]),
            "{name}: at the cap"
        );
    }
}

#[test]
fn nothing_beyond_the_cap() {
    let bytes = text().len();
    for (codec, name, compressed) in GOLDEN {
        for cap in [bytes - 1, bytes / 2, 1, 0] {
            assert_eq!(
                inflate(*codec, compressed, cap),
                Err(CodecError::TooLarge { cap }),
                "{name}, cap {cap}"
            );
        }
    }
    assert_eq!(inflate(Codec::None, b"abc", 2), Err(CodecError::TooLarge { cap: 2 }));
    assert_eq!(inflate(Codec::None, b"abc", 3).as_deref(), Ok(&b"abc"[..]));
}

#[test]
fn bombs_stop_at_the_cap() {
    for codec in compressing() {
        let bomb = compress(codec, &vec![0; 16 * MIB]).unwrap();
        assert!(bomb.len() < MIB, "{}", codec.name());
        for cap in [MIB, 10 * MIB + 1] {
            assert_eq!(
                inflate(codec, &bomb, cap),
                Err(CodecError::TooLarge { cap }),
                "{}",
                codec.name()
            );
        }
    }
}

#[test]
fn a_text_cut_short_anywhere_is_an_error() {
    let text = text();
    for (codec, name, compressed) in GOLDEN {
        // Every length near the ends and borders, and some between.
        for length in (0..compressed.len()).filter(|n| *n < 200 || compressed.len() - n < 200 || n % 97 == 0) {
            let inflated = inflate(*codec, &compressed[..length], MIB);
            // Between two of xerial's chunks there is no telling that another was to follow.
            let shorter = *name == "snappy-xerial" && inflated.as_ref().is_ok_and(|bytes| text.starts_with(bytes));
            assert!(shorter || inflated.is_err(), "{name} at {length}");
        }
    }
}

#[test]
fn small_inputs_cut_short_anywhere_are_errors() {
    for codec in compressing() {
        let compressed = compress(codec, b"some bytes, some bytes and some more bytes").unwrap();
        for length in 0..compressed.len() {
            let inflated = inflate(codec, &compressed[..length], MIB);
            // Xerial's framing has no end mark: without chunks it is empty.
            let empty = codec == Codec::Snappy && length == 16;
            assert!(
                if empty {
                    inflated == Ok(Bytes::new())
                } else {
                    inflated.is_err()
                },
                "{} at {length}",
                codec.name()
            );
        }
    }
}

#[test]
fn claims_are_not_believed() {
    let corrupt = |codec, input: &[u8]| match inflate(codec, input, MIB) {
        Err(CodecError::Corrupt { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    // Raw snappy that claims 512 KiB in six bytes, and a chunk of 4 GiB.
    assert_eq!(
        corrupt(Codec::Snappy, &[0x80, 0x80, 0x20, 0, b'a', b'b']),
        "claims more than it can hold"
    );
    assert_eq!(
        corrupt(Codec::Snappy, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff"),
        "chunk cut short"
    );
    // An LZ4 block that is longer than the header allows, a dictionary, a wrong header checksum.
    assert_eq!(
        corrupt(Codec::Lz4, b"\x04\x22\x4d\x18\x60\x40\x82\x01\0\x01\0"),
        "block larger than the header allows"
    );
    let flags = "header with flags that are not supported";
    assert_eq!(corrupt(Codec::Lz4, b"\x04\x22\x4d\x18\x61\x40\0\0\0\0\0"), flags);
    assert_eq!(
        corrupt(Codec::Lz4, b"\x04\x22\x4d\x18\x60\x40\x83\0\0\0\0"),
        "header checksum does not fit"
    );
    // A zstd frame with a window of 2 GiB holds what it holds.
    let wide = b"\x28\xb5\x2f\xfd\x00\xa8\x19\x00\x00abc";
    assert_eq!(inflate(Codec::Zstd, wide, MIB).as_deref(), Ok(&b"abc"[..]));
    // One whose content is said to be 2^40 bytes long.
    let long = b"\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\x01\0\0\x19\x00\x00abc";
    assert_eq!(inflate(Codec::Zstd, long, MIB), Err(CodecError::TooLarge { cap: MIB }));
}

#[test]
fn checksums_of_lz4_are_checked() {
    let linked = GOLDEN.iter().find(|(_, name, _)| *name == "lz4-linked").unwrap().2;

    for at in [40, linked.len() / 2, linked.len() - 1, linked.len() - 4, 6, 14] {
        let mut damaged = linked.to_vec();
        damaged[at] ^= 1;
        assert!(inflate(Codec::Lz4, &damaged, MIB).is_err(), "{at}");
    }
}

#[test]
fn numbers_and_names() {
    for (number, codec) in (0..).zip(Codec::ALL) {
        assert_eq!((Codec::from_number(number), codec.number()), (Some(codec), number));
    }
    assert_eq!(Codec::from_number(5), None);
    assert_eq!(Codec::ALL.map(Codec::name), ["none", "gzip", "snappy", "lz4", "zstd"]);
}

#[test]
fn room_is_made_within_the_cap() {
    let mut out = vec![0; 60];
    make_room(&mut out, 61, 100);
    assert!((61..=120).contains(&out.capacity()), "{}", out.capacity());
    make_room(&mut out, 121, 121);
    assert_eq!(out.capacity(), 121);
}

proptest! {
    #[test]
    fn what_was_compressed_comes_back(seed in prop::collection::vec(any::<u8>(), 0..2000), repeat in 1_usize..40) {
        let input = seed.repeat(repeat);
        for codec in Codec::ALL {
            let compressed = compress(codec, &input).unwrap();
            let inflated = inflate(codec, &compressed, input.len()).unwrap();
            prop_assert_eq!(&inflated[..], &input[..], "{}", codec.name());
            if let Some(cap) = input.len().checked_sub(1) {
                prop_assert_eq!(inflate(codec, &compressed, cap), Err(CodecError::TooLarge { cap }));
            }
        }
    }

    #[test]
    fn any_damage_is_an_answer(golden in 0..GOLDEN.len(), at: prop::sample::Index, flip: u8, cap in 0..MIB) {
        let (codec, _, compressed) = GOLDEN[golden];
        let mut damaged = compressed.to_vec();
        let at = at.index(damaged.len());
        damaged[at] ^= flip;
        if let Ok(inflated) = inflate(codec, &damaged, cap) {
            prop_assert!(inflated.len() <= cap);
        }
    }

    #[test]
    fn any_bytes_are_an_answer(golden in 0..GOLDEN.len(), keep in 0_usize..24, noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let (codec, _, compressed) = GOLDEN[golden];
        let input = [&compressed[..keep], &noise].concat();
        if let Ok(inflated) = inflate(codec, &input, MIB) {
            prop_assert!(inflated.len() <= MIB);
        }
    }
}
