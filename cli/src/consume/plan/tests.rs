use super::*;

fn all(offset: u64) -> Offsets {
    BTreeMap::from([(0, offset), (1, offset)])
}

fn check(only: &[u32], to: Option<&Offsets>, committed: &Offsets, expect: &[(u32, u64, Option<u64>, u64)]) {
    let parts = parts(only, &all(50), to, &all(10), committed).expect("a plan");
    let parts: Vec<_> = parts
        .iter()
        .map(|part| (part.partition, part.next, part.end, part.lost))
        .collect();
    assert_eq!(parts, expect);
}

#[test]
fn begins_and_ends() {
    let none = Offsets::new();
    check(&[], None, &none, &[(0, 50, None, 0), (1, 50, None, 0)]);
    check(&[1], Some(&all(90)), &none, &[(1, 50, Some(90), 0)]);
    check(
        &[],
        Some(&all(90)),
        &BTreeMap::from([(0, 70)]),
        &[(0, 70, Some(90), 0), (1, 50, Some(90), 0)],
    );
    check(&[0], None, &BTreeMap::from([(0, 7)]), &[(0, 10, None, 3)]);
}

#[test]
fn a_partition_that_is_not_there_is_not_found() {
    let error = parts(&[2], &all(0), None, &all(0), &Offsets::new()).expect_err("no 2");
    assert_eq!(error.exit, Exit::NotFound);
}

#[test]
fn done_at_the_end() {
    let part = |next, end| Part {
        partition: 0,
        next,
        end,
        lost: 0,
    };
    assert!(part(5, Some(5)).is_done());
    assert!(part(6, Some(5)).is_done());
    assert!(!part(4, Some(5)).is_done());
    assert!(!part(4, None).is_done());
}
