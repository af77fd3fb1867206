//! The five batches that are remembered, and where sequences begin again. The rules of taking are in the fold's tables.

use super::*;

fn batch(base: u32, last: u32) -> Batch {
    Batch {
        base,
        last,
        offset: u64::from(base),
    }
}

fn asked(epoch: u32, base_sequence: u32) -> entry::ProducerBatch {
    entry::ProducerBatch {
        id: 1,
        epoch,
        base_sequence,
    }
}

#[test]
fn the_oldest_batch_goes_first() {
    let mut known = None;
    for base in 0..7 {
        known = Some(Producer::after(known.as_ref(), 2, batch(base, base), u64::from(base)));
    }
    let known = known.unwrap();
    assert_eq!(
        known.batches().iter().map(|batch| batch.base).collect::<Vec<_>>(),
        [2, 3, 4, 5, 6]
    );
    assert_eq!((known.next_sequence(), known.position), (7, 6));
    let next = Producer::after(Some(&known), 3, batch(0, 4), 9);
    assert_eq!(
        (next.batches(), next.epoch, next.next_sequence()),
        (&[batch(0, 4)][..], 3, 5)
    );
}

#[test]
fn the_greatest_sequence_is_followed_by_zero() {
    let greatest = u32::MAX >> 1;
    let known = Producer::after(None, 0, batch(0, greatest - 1), 0);
    let next = |base, last| Ok(Judged::Next { epoch: 0, base, last });
    assert_eq!(judge(Some(&known), &asked(0, greatest), 1, 0), next(greatest, greatest));
    assert_eq!(judge(Some(&known), &asked(0, greatest), 2, 0), next(greatest, 0));
    let known = Producer::after(Some(&known), 0, batch(greatest, greatest), 0);
    assert_eq!(judge(Some(&known), &asked(0, 0), 3, 0), next(0, 2));
    // All sequences there are, in one batch; and one more than that.
    assert_eq!(judge(None, &asked(0, 0), 1 << 31, 0), next(0, greatest));
    assert!(judge(None, &asked(0, 0), (1 << 31) + 1, 0).is_err());
}
