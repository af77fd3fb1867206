//! The vectors of Kafka's `UtilsTest`, and some that kafka-python gives.

use super::*;

#[test]
fn known_hashes() {
    let check = |key: &[u8], expect| assert_eq!(murmur2(key), expect, "{key:?}");
    check(b"21", -973_932_308);
    check(b"foobar", -790_332_482);
    check(b"a-little-bit-long-string", -985_981_536);
    check(b"a-little-bit-longer-string", -1_486_304_829);
    check(b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971);
    check(b"abc", 479_470_107);
    check(b"", 275_646_681);
    check(b"a", -1_563_381_124);
    check(b"abcd", -1_323_649_548);
    check(&std::array::from_fn::<u8, 256, _>(|n| n as u8), -1_948_347_274);
}

#[test]
fn known_partitions() {
    let check = |key: &[u8], partitions, expect| assert_eq!(partition_for_key(key, partitions), expect);
    check(b"abc", 1000, 107);
    check(b"21", 1000, 340);
    check(b"foobar", 1000, 166);
    check(b"foobar", 1, 0);
    check(b"foobar", 0, 0);
    check(b"a", u32::MAX, (-1_563_381_124_i32).cast_unsigned() & 0x7fff_ffff);
}
