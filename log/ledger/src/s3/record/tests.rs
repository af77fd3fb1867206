use super::*;

fn base() -> Base {
    Base {
        cluster: ClusterId(*b"0123456789abcdef"),
        era: 2,
        position: 0x0102_0304_0506_0708,
        hash: Hash([0xab; 32]),
        snapshot: "snapshot/3f/0000000000000002-0102030405060708".to_owned(),
    }
}

#[test]
fn golden() {
    let bytes = encode(&base()).unwrap();
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(text, include_str!("../../../tests/golden/base-v1.txt").trim_end());
    assert_eq!(decode(&bytes), Ok(base()));
    let genesis = Base {
        snapshot: String::new(),
        ..base()
    };
    assert_eq!(decode(&encode(&genesis).unwrap()), Ok(genesis));
}

#[test]
fn every_flipped_bit_and_cut_is_found() {
    let whole = encode(&base()).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(decode(&flipped).is_err(), "bit {bit}");
    }
    for length in 0..whole.len() {
        assert!(decode(&whole[..length]).is_err(), "{length} bytes");
    }
}

/// Damage is one thing, bytes that were written so another: both are named.
#[test]
fn what_is_written_by_others_is_refused() {
    let check = |change: fn(&mut Vec<u8>), expect: &str| {
        let mut bytes = encode(&base()).unwrap().to_vec();
        bytes.truncate(bytes.len() - CRC_BYTES);
        change(&mut bytes);
        let crc = crc32c::crc32c(&bytes).to_be_bytes();
        bytes.extend(crc);
        let said = decode(&bytes).unwrap_err().to_string();
        assert!(said.contains(expect), "{said}");
    };
    check(|bytes| bytes[7] = 2, "version 2");
    check(|bytes| bytes[0] = b'X', "does not begin");
    check(|bytes| bytes[75] += 1, "length does not fit");
    check(|bytes| bytes.push(b'x'), "length does not fit");
    check(|bytes| *bytes.last_mut().unwrap() = 0xff, "no text");
    check(|bytes| bytes.truncate(20), "too few");
}
