use super::*;

/// How many of this many extra requests pass, each asked for after an ordinary one.
fn passed(allowance: &Allowance, requests: u32) -> u32 {
    let mut passed = 0;
    for _ in 0..requests {
        allowance.earn();
        passed += u32::from(allowance.spend());
    }
    passed
}

#[test]
fn extra_requests_stay_within_their_share() {
    let check = |per_hundred, first, requests, expect| {
        let allowance = Allowance::new(per_hundred, first, 10);
        assert_eq!(passed(&allowance, requests), expect, "{per_hundred} % of {requests}");
    };
    check(5, 1, 1000, 51);
    // Full from the start: the first ordinary request earns nothing.
    check(10, 10, 1000, 109);
    check(0, 0, 1000, 0);
    check(100, 0, 50, 50);
}

#[test]
fn what_is_saved_up_is_bounded() {
    let allowance = Allowance::new(50, 0, 10);
    (0..1000).for_each(|_| allowance.earn());
    assert_eq!((0..100).filter(|_| allowance.spend()).count(), 10);
}
