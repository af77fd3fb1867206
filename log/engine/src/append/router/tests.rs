use super::*;

const INLINE: Wish = Wish {
    lane: Lane::Inline,
    firm: false,
};
const FIRM: Wish = Wish {
    lane: Lane::Inline,
    firm: true,
};
const OBJECT: Wish = Wish {
    lane: Lane::Object,
    firm: false,
};

fn ids(partitions: &[u32]) -> Vec<PartitionId> {
    partitions
        .iter()
        .map(|&partition| PartitionId { topic: 1, partition })
        .collect()
}

/// Submits group `name`; the lane it took, or none when it was parked.
fn submit(router: &mut Router<u32>, name: u32, partitions: &[u32], wish: Wish) -> Option<Lane> {
    router.submit(ids(partitions), wish, name).map(|(lane, group)| {
        assert_eq!(group, name);
        lane
    })
}

#[test]
fn with_nothing_in_flight_a_group_has_its_wish() {
    for wish in [INLINE, FIRM, OBJECT] {
        assert_eq!(submit(&mut Router::default(), 1, &[0, 1], wish), Some(wish.lane));
    }
}

#[test]
fn a_small_group_follows_a_large_one_to_the_object_lane() {
    let mut router = Router::default();
    assert_eq!(submit(&mut router, 1, &[0], OBJECT), Some(Lane::Object));
    assert_eq!(submit(&mut router, 2, &[0], INLINE), Some(Lane::Object));
    assert_eq!(
        submit(&mut router, 3, &[1], INLINE),
        Some(Lane::Inline),
        "another partition is free"
    );
}

#[test]
fn a_large_group_waits_for_inline_ones_and_holds_what_comes_later() {
    let mut router = Router::default();
    assert_eq!(submit(&mut router, 1, &[0], INLINE), Some(Lane::Inline));
    assert_eq!(submit(&mut router, 2, &[0], OBJECT), None);
    assert_eq!(submit(&mut router, 3, &[0], INLINE), None, "it would overtake");
    assert_eq!(submit(&mut router, 4, &[1], INLINE), Some(Lane::Inline));
    assert_eq!(router.parked(), 2);
    assert_eq!(
        router.release(&ids(&[0]), Lane::Inline),
        [(Lane::Object, 2), (Lane::Object, 3)]
    );
    assert_eq!(router.parked(), 0);
}

#[test]
fn a_topic_that_asks_for_inline_waits_for_the_object_lane_to_empty() {
    let mut router = Router::default();
    assert_eq!(submit(&mut router, 1, &[0], OBJECT), Some(Lane::Object));
    assert_eq!(submit(&mut router, 2, &[0], FIRM), None);
    assert_eq!(router.release(&ids(&[0]), Lane::Object), [(Lane::Inline, 2)]);
}

#[test]
fn a_group_over_partitions_in_both_lanes_waits_and_then_takes_the_object_lane() {
    let mut router = Router::default();
    assert_eq!(submit(&mut router, 1, &[0], OBJECT), Some(Lane::Object));
    assert_eq!(submit(&mut router, 2, &[1], INLINE), Some(Lane::Inline));
    assert_eq!(submit(&mut router, 3, &[0, 1], INLINE), None);
    assert_eq!(
        submit(&mut router, 4, &[1], INLINE),
        None,
        "behind the group that waits"
    );
    assert_eq!(
        router.release(&ids(&[1]), Lane::Inline),
        [(Lane::Object, 3), (Lane::Object, 4)]
    );
}

#[test]
fn what_is_parked_behind_a_parked_group_stays_though_its_own_partition_is_free() {
    let mut router = Router::default();
    assert_eq!(submit(&mut router, 1, &[0], INLINE), Some(Lane::Inline));
    assert_eq!(submit(&mut router, 2, &[9], INLINE), Some(Lane::Inline));
    assert_eq!(submit(&mut router, 3, &[0, 1], OBJECT), None);
    assert_eq!(submit(&mut router, 4, &[1], INLINE), None);
    assert_eq!(router.release(&ids(&[9]), Lane::Inline), []);
    assert_eq!(router.parked(), 2);
}

#[test]
fn draining_forgets_the_parked_and_keeps_what_flies() {
    let mut router = Router::default();
    assert_eq!(submit(&mut router, 1, &[0], INLINE), Some(Lane::Inline));
    assert_eq!(submit(&mut router, 2, &[0, 1], OBJECT), None);
    assert_eq!(router.drain_parked(), [2]);
    assert_eq!(submit(&mut router, 3, &[0], INLINE), Some(Lane::Inline));
    assert_eq!(submit(&mut router, 4, &[0], OBJECT), None);
}

#[test]
fn an_idle_router_holds_nothing() {
    let mut router = Router::default();
    for name in 0..100 {
        assert_eq!(submit(&mut router, name, &[name], INLINE), Some(Lane::Inline));
    }
    for name in 0..100 {
        assert_eq!(router.release(&ids(&[name]), Lane::Inline), []);
    }
    assert!(router.partitions.is_empty());
}

/// Random traffic: for each partition the order of leaving a lane-crossing is the order of submitting, that is, at no
/// time are two groups of one partition in different lanes.
#[test]
fn no_partition_is_ever_in_two_lanes() {
    for seed in 0..200 {
        let chance = world::Chance::from_seed(seed);
        let mut router = Router::default();
        let mut flying: Vec<(Lane, u32)> = Vec::new();
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut left: Vec<u32> = Vec::new();
        for name in 0..200 {
            let partitions: BTreeSet<u32> = (0..=chance.below(2))
                .map(|_| u32::try_from(chance.below(4)).unwrap())
                .collect();
            groups.push(partitions.into_iter().collect());
            let wish = [INLINE, FIRM, OBJECT][usize::try_from(chance.below(3)).unwrap()];
            let partitions = groups[name as usize].clone();
            if let Some(lane) = submit(&mut router, name, &partitions, wish) {
                flying.push((lane, name));
                left.push(name);
            }
            while !flying.is_empty() && chance.coin(0.4) {
                let (lane, over) = flying.remove(usize::try_from(chance.below(flying.len() as u64)).unwrap());
                for (lane, name) in router.release(&ids(&groups[over as usize]), lane) {
                    flying.push((lane, name));
                    left.push(name);
                }
            }
            for partition in 0..4 {
                let lanes: BTreeSet<u32> = flying
                    .iter()
                    .filter(|(_, name)| groups[*name as usize].contains(&partition))
                    .map(|(lane, _)| *lane as u32)
                    .collect();
                assert!(lanes.len() <= 1, "seed {seed}: partition {partition} is in two lanes");
                let order: Vec<u32> = left
                    .iter()
                    .copied()
                    .filter(|name| groups[*name as usize].contains(&partition))
                    .collect();
                assert!(order.is_sorted(), "seed {seed}: partition {partition} went {order:?}");
            }
        }
    }
}
