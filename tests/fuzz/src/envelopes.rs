//! Envelopes of ledger entries: what is accepted is exactly what would be written, at the position where it was written.
//!
//! The position is in the first byte. The rest is tried as it is, once more with length and checksum put right, and as the
//! body of an envelope.

use bytes::Bytes;
use ledger::envelope::HEADER_BYTES;
use ledger::{Envelope, Hash, Kind};

use crate::input::Input;

const LENGTH_AT: usize = 64;
const CHECKSUM_AT: usize = 68;

pub(crate) fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let position = u64::from(input.u8());
    let stored = Bytes::copy_from_slice(input.rest());
    opened(position, &stored);
    if let Some(sealed) = sealed(position, &stored) {
        opened(position, &sealed);
    }
    for kind in [
        Kind::Genesis,
        Kind::Proposals,
        Kind::Halt { era: position },
        Kind::NewEra,
    ] {
        enveloped(position, kind, &stored);
    }
}

/// The bytes with the magic, the version, the position, the length and the checksum of an envelope.
fn sealed(position: u64, stored: &Bytes) -> Option<Bytes> {
    let mut bytes = stored.to_vec();
    let (header, body) = bytes.split_first_chunk_mut::<HEADER_BYTES>()?;
    header[..5].copy_from_slice(b"TLEE\x01");
    header[16..24].copy_from_slice(&position.to_be_bytes());
    header[LENGTH_AT..CHECKSUM_AT].copy_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&header[..CHECKSUM_AT]), body);
    header[CHECKSUM_AT..].copy_from_slice(&checksum.to_be_bytes());
    Some(Bytes::from(bytes))
}

fn opened(position: u64, stored: &Bytes) {
    if let Ok(envelope) = Envelope::open(position, stored) {
        let (again, hash) = envelope.seal();
        assert_eq!(again, stored, "an envelope has one form");
        assert_eq!(hash, Hash::of(stored));
        assert_eq!(envelope.body, stored[HEADER_BYTES..]);
    }
}

fn enveloped(position: u64, kind: Kind, body: &Bytes) {
    let envelope = Envelope {
        kind,
        era: 1,
        position,
        previous: Hash::of(body),
        body: body.clone(),
    };
    let (sealed, _) = envelope.seal();
    assert_eq!(Envelope::open(position, &sealed), Ok(envelope));
    assert!(
        Envelope::open(position + 1, &sealed).is_err(),
        "an envelope stands at its position"
    );
    // Which bit is flipped follows from the bytes.
    let drawn = crc32c::crc32c(&sealed) as usize;
    let mut damaged = sealed.to_vec();
    let at = (drawn >> 3) % damaged.len();
    damaged[at] ^= 1 << (drawn & 7);
    assert!(
        Envelope::open(position, &Bytes::from(damaged)).is_err(),
        "byte {at} was changed"
    );
}
