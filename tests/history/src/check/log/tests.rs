use super::*;

fn known(offset: u64, value: u32) -> Known {
    Known { offset, value, line: 7 }
}

#[test]
fn the_first_word_stands() {
    let mut log = Log::default();
    assert_eq!(log.put(known(5, 1)), None);
    assert_eq!(log.put(known(5, 1)), None);
    assert_eq!(log.put(known(5, 2)), Some(known(5, 1)));
    assert_eq!(log.put(known(6, 2)), None);
}

#[test]
fn ranges_hold_what_is_known() {
    let offsets = [0, 1, 63, 64, 65, 1_000, u64::MAX - 1];
    let mut log = Log::default();
    for (offset, value) in offsets.iter().zip(0..) {
        log.put(known(*offset, value));
    }
    for (range, expect) in [
        (0..0, &offsets[..0]),
        (0..1, &offsets[..1]),
        (1..64, &offsets[1..3]),
        (2..66, &offsets[2..5]),
        (66..1_000, &offsets[..0]),
        (0..u64::MAX, &offsets),
        (1_001..u64::MAX, &offsets[6..]),
    ] {
        let found: Vec<u64> = log.within(range.clone()).map(|known| known.offset).collect();
        assert_eq!(found, expect, "{range:?}");
    }
}
