//! Every flipped bit is found: all by `verify_whole`, those of index and tail by opening.

use super::*;
use crate::format::HEADER_BYTES;
use crate::sample::{build, object, small};

#[test]
fn every_flipped_bit_is_found() {
    let object = object(&build(&small()));
    let index = verify_whole(&object).unwrap();
    let runs = HEADER_BYTES..index.runs().last().unwrap().range().end;
    for bit in 0..8 * object.len() {
        let mut flipped = object.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(verify_whole(&flipped).is_err(), "bit {bit}");
        let opened = Index::open(&flipped, flipped.len() as u64);
        let of_the_footer = bit as u64 / 8 >= runs.end;
        assert_eq!(opened.is_err(), of_the_footer, "bit {bit}");
    }
}

#[test]
fn an_object_cut_short_anywhere_is_found() {
    let object = object(&build(&small()));
    for length in 0..object.len() {
        assert!(verify_whole(&object[..length]).is_err(), "{length}");
    }
}
