use proptest::prelude::*;

use super::*;

fn object(length: usize) -> Bytes {
    (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[test]
fn a_range_touches_its_blocks() {
    let check = |range: Range<u64>, expect: Range<u64>| assert_eq!(touched(&range, 10), expect, "{range:?}");
    check(0..10, 0..1);
    check(0..11, 0..2);
    check(9..11, 0..2);
    check(10..20, 1..2);
    check(35..36, 3..4);
    check(5..5, 0..0);
}

#[test]
fn neighbours_go_together() {
    let check = |blocks: &[u64], expect: &[Range<u64>]| assert_eq!(runs(blocks, 3), expect, "{blocks:?}");
    check(&[], &[]);
    check(&[4, 6], &[4..5, 6..7]);
    check(&[1, 2, 4], &[1..3, 4..5]);
    check(&[1, 2, 3, 4, 5, 6, 7], &[1..4, 4..7, 7..8]);
}

#[test]
fn a_missing_or_short_block_says_where_the_bytes_ended() {
    let check = |lengths: &[(u64, usize)], range: Range<u64>, expect: u64| {
        let blocks = lengths
            .iter()
            .map(|(block, length)| (*block, object(*length)))
            .collect();
        assert_eq!(assemble(&range, &blocks, 10), Err(expect), "{lengths:?} {range:?}");
    };
    check(&[(0, 10), (1, 4)], 8..15, 14);
    check(&[(0, 10)], 8..15, 10);
    check(&[(0, 3)], 2..4, 3);
    check(&[(2, 0)], 20..21, 20);
}

proptest! {
    /// Whatever the parts, the blocks and the ranges: what is put together again is what a plain slice gives.
    #[test]
    fn blocks_give_back_the_object(
        length in 1_usize..200,
        cuts in prop::collection::vec(0_usize..200, 0..5),
        block_bytes in 1_u64..50,
        ranges in prop::collection::vec((0_usize..200, 0_usize..200), 1..4),
    ) {
        let whole = object(length);
        let mut edges: Vec<usize> = cuts.into_iter().map(|cut| cut.min(length)).collect();
        edges.extend([0, length]);
        edges.sort_unstable();
        let parts: Vec<Bytes> = edges.windows(2).map(|edge| whole.slice(edge[0]..edge[1])).collect();
        let ranges: Vec<Range<u64>> = ranges
            .into_iter()
            .map(|(one, other)| one.min(other).min(length) as u64..one.max(other).min(length) as u64)
            .collect();

        let from_parts = cut_parts(&parts, block_bytes);
        prop_assert_eq!(&from_parts, &cut(&whole, block_bytes));
        let blocks: BTreeMap<u64, Bytes> = (0..).zip(from_parts).collect();
        for (block, bytes) in needed(&ranges, block_bytes) {
            prop_assert!(blocks[&block].len() as u64 >= bytes);
        }
        for range in &ranges {
            let naive = whole.slice(usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap());
            prop_assert_eq!(assemble(range, &blocks, block_bytes), Ok(naive));
        }
    }

    /// Runs hold exactly the blocks they were made of, in order, and none is too long.
    #[test]
    fn runs_hold_their_blocks(blocks in prop::collection::btree_set(0_u64..40, 0..40), most in 1_u64..6) {
        let blocks: Vec<u64> = blocks.into_iter().collect();
        let runs = runs(&blocks, most);
        prop_assert!(runs.iter().all(|run| run.end - run.start <= most));
        let flat: Vec<u64> = runs.into_iter().flatten().collect();
        prop_assert_eq!(flat, blocks);
    }
}
