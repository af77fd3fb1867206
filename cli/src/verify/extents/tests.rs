use super::*;

fn check(bounds: (u64, u64), spans: &[Span], expect: &[Gap]) {
    assert_eq!(gaps(bounds, spans.iter().copied()), expect, "{bounds:?} {spans:?}");
}

#[test]
fn covered() {
    check((0, 0), &[], &[]);
    check((5, 5), &[], &[]);
    check((0, 10), &[(0, 9)], &[]);
    check((0, 10), &[(0, 3), (4, 4), (5, 9)], &[]);
    check((3, 10), &[(0, 4), (5, 9)], &[]);
}

#[test]
fn holes() {
    check((0, 10), &[], &[Gap::Hole((0, 9))]);
    check((3, 10), &[(5, 9)], &[Gap::Hole((3, 4))]);
    check((0, 10), &[(0, 3), (5, 9)], &[Gap::Hole((4, 4))]);
    check((0, 10), &[(0, 3)], &[Gap::Hole((4, 9))]);
    check(
        (0, 10),
        &[(1, 3), (6, 7)],
        &[Gap::Hole((0, 0)), Gap::Hole((4, 5)), Gap::Hole((8, 9))],
    );
}

#[test]
fn overlaps() {
    check((0, 10), &[(0, 5), (4, 9)], &[Gap::Twice((4, 5))]);
    check((0, 10), &[(0, 9), (3, 4)], &[Gap::Twice((3, 4))]);
    check((0, 10), &[(0, 12)], &[Gap::Twice((10, 12))]);
}
