use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn sample(kind: Kind, era: Era, body: &'static [u8]) -> Envelope {
    Envelope {
        kind,
        era,
        position: 0x0102_0304_0506_0708,
        previous: Hash(std::array::from_fn(|i| u8::try_from(i).expect("32"))),
        body: Bytes::from_static(body),
    }
}

/// Sixteen bytes a line, so that a change shows where it is.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(16) {
        for byte in line {
            write!(text, "{byte:02x} ").expect("a string takes all");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}

/// Files of a version that was ever written stay as they are.
#[test]
fn golden() {
    let check = |envelope: Envelope, golden: &str| {
        let (bytes, hash) = envelope.seal();
        assert_eq!(format!("{}hash {hash}\n", hex(&bytes)), golden, "{:?}", envelope.kind);
        assert_eq!(Envelope::open(envelope.position, &bytes), Ok(envelope));
    };
    let golden = include_str!("../../tests/golden/envelope-v1-genesis.txt");
    check(sample(Kind::Genesis, 1, b"0123456789abcdef"), golden);
    let golden = include_str!("../../tests/golden/envelope-v1-proposals.txt");
    check(sample(Kind::Proposals, 2, b"a body that nobody here reads"), golden);
    let golden = include_str!("../../tests/golden/envelope-v1-halt.txt");
    check(sample(Kind::Halt { era: 3 }, 2, b""), golden);
    let golden = include_str!("../../tests/golden/envelope-v1-new-era.txt");
    check(sample(Kind::NewEra, 4, b"by an operator"), golden);
}

#[test]
fn every_flipped_bit_is_found() {
    let whole = sample(Kind::Halt { era: 3 }, 2, b"some text").seal().0;
    let position = 0x0102_0304_0506_0708;
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let opened = Envelope::open(position, &flipped.into());
        assert!(
            matches!(opened, Err(LedgerError::Corrupt { position: p, .. }) if p == position),
            "bit {bit}: {opened:?}"
        );
    }
}

#[test]
fn every_cut_and_every_addition_is_found() {
    let whole = sample(Kind::Proposals, 2, b"some text").seal().0;
    for length in 0..whole.len() {
        assert!(
            Envelope::open(0x0102_0304_0506_0708, &whole.slice(..length)).is_err(),
            "{length} bytes"
        );
    }
    let longer: Bytes = whole.iter().copied().chain([0]).collect();
    assert!(Envelope::open(0x0102_0304_0506_0708, &longer).is_err());
}

/// The checksum of what a test has changed, made to fit again.
fn resealed(change: impl FnOnce(&mut [u8])) -> Bytes {
    let mut bytes = sample(Kind::Proposals, 2, b"text").seal().0.to_vec();
    change(&mut bytes);
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[..CRC_AT]), &bytes[HEADER_BYTES..]);
    bytes[CRC_AT..HEADER_BYTES].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}

#[test]
fn what_no_writer_writes_is_refused_though_the_checksum_fits() {
    let position = 0x0102_0304_0506_0708;
    let check = |change: fn(&mut [u8]), expect: &str| {
        let error = Envelope::open(position, &resealed(change)).expect_err(expect);
        assert!(error.to_string().contains(expect), "{error} does not say {expect}");
    };
    check(|b| b[4] = 9, "needs envelope format version 9");
    check(|b| b[5] = 4, "kind 4 is not known");
    check(|b| b[6] = 1, "does not describe its body");
    check(|b| b[31] = 1, "kind 1 names era 1");
    check(|b| b[67] = 5, "does not describe its body");
    check(|b| b[23] = 9, "written for position 72623859790382857");
    check(|b| b[0] = b'X', "does not begin as an entry does");
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        kind in prop_oneof![
            Just(Kind::Genesis), Just(Kind::Proposals), Just(Kind::NewEra), any::<u64>().prop_map(|era| Kind::Halt { era }),
        ],
        era: u64, position: u64, previous: [u8; 32], body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let envelope = Envelope { kind, era, position, previous: Hash(previous), body: body.into() };
        let (bytes, hash) = envelope.seal();
        prop_assert_eq!(hash, Hash::of(&bytes));
        prop_assert_eq!(bytes.len(), HEADER_BYTES + envelope.body.len());
        prop_assert_eq!(Envelope::open(position, &bytes), Ok(envelope));
    }

    #[test]
    fn any_bytes_give_an_error_and_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Envelope::open(0, &bytes.into()).is_err());
    }
}
