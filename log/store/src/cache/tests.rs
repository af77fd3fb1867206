use super::*;

const BLOCK: usize = 1000;

fn block(fill: u8) -> Bytes {
    Bytes::from(vec![fill; BLOCK])
}

fn caches(bytes_max: u64) -> [Cache; 2] {
    [
        Cache::new(Backing::Memory, bytes_max),
        Cache::new(Backing::Folder, bytes_max),
    ]
}

#[test]
fn what_was_put_in_comes_out() {
    for cache in caches(1 << 20) {
        cache.insert(Key::Cluster, 3, [block(3), block(4)]);
        assert_eq!(cache.get(&(Key::Cluster, 4)), Some(block(4)));
        assert_eq!(cache.get(&(Key::Cluster, 5)), None);
        assert_eq!(cache.get(&(Key::Witness, 4)), None);
        cache.insert(Key::Cluster, 3, [block(9)]);
        assert_eq!(cache.get(&(Key::Cluster, 3)), Some(block(9)));
        cache.remove(Key::Cluster, 0..4);
        assert_eq!(cache.get(&(Key::Cluster, 3)), None);
        assert_eq!(cache.get(&(Key::Cluster, 4)), Some(block(4)));
    }
}

/// Never more than it may weigh, at no moment, and what came last is there.
#[test]
fn it_weighs_no_more_than_it_may() {
    let most = 10 * (BLOCK as u64 + OVERHEAD_BYTES);
    for cache in caches(most) {
        for number in 0..200 {
            cache.insert(Key::Cluster, number, [block(7)]);
            assert!(cache.bytes() <= most, "{} bytes after {number}", cache.bytes());
            assert_eq!(cache.get(&(Key::Cluster, number)), Some(block(7)));
        }
        assert_eq!(cache.bytes(), most);
        assert_eq!(cache.get(&(Key::Cluster, 150)), None);
    }
}

#[test]
fn the_plain_one_keeps_what_was_used_last() {
    let cache = Cache::new(Backing::Memory, 2 * (BLOCK as u64 + OVERHEAD_BYTES));
    cache.insert(Key::Cluster, 0, [block(0), block(1)]);
    assert!(cache.get(&(Key::Cluster, 0)).is_some());
    cache.insert(Key::Cluster, 2, [block(2)]);
    let there: Vec<bool> = (0..3)
        .map(|number| cache.get(&(Key::Cluster, number)).is_some())
        .collect();
    assert_eq!(there, [true, false, true]);
}

#[test]
fn a_block_too_large_for_it_is_not_kept() {
    for cache in caches(BLOCK as u64) {
        cache.insert(Key::Cluster, 0, [block(1)]);
        assert_eq!(cache.get(&(Key::Cluster, 0)), None);
        assert_eq!(cache.bytes(), 0);
    }
}
