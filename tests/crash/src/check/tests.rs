use super::*;

fn at(partition: u32, offset: u64, value: &str) -> Placed {
    Placed {
        partition,
        offset,
        value: value.to_owned(),
    }
}

fn operation(times: (u64, u64), action: Action, outcome: Outcome) -> Operation {
    Operation {
        process: 0,
        invoked: times.0,
        completed: times.1,
        action,
        outcome,
    }
}

fn ok(times: (u64, u64), placed: &[Placed]) -> Operation {
    let values = placed.iter().map(|record| record.value.clone()).collect();
    let placed = placed.to_vec();
    operation(times, Action::Send { values, placed }, Outcome::Ok)
}

fn unanswered(times: (u64, u64), values: &[&str], outcome: Outcome) -> Operation {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    let placed = Vec::new();
    operation(times, Action::Send { values, placed }, outcome)
}

fn fail(times: (u64, u64), values: &[&str]) -> Operation {
    unanswered(times, values, Outcome::Fail("full".to_owned()))
}

fn info(times: (u64, u64), values: &[&str]) -> Operation {
    unanswered(times, values, Outcome::Info("reset".to_owned()))
}

fn poll(times: (u64, u64), reads: &[Placed]) -> Operation {
    let reads = reads.to_vec();
    operation(times, Action::Poll { reads }, Outcome::Ok)
}

fn found(operations: &[Operation], log: &[Placed]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = check(operations, log).into_iter().map(|anomaly| anomaly.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn what_may_be() {
    let none: [Kind; 0] = [];
    let (a, b, c) = (at(0, 0, "a"), at(0, 1, "b"), at(1, 0, "c"));
    let check = |operations: &[Operation], log: &[Placed]| assert_eq!(found(operations, log), none);
    check(&[], &[]);
    check(&[ok((0, 1), &[a.clone(), b.clone()])], &[a.clone(), b.clone()]);
    check(
        &[
            ok((0, 1), std::slice::from_ref(&a)),
            ok((2, 3), std::slice::from_ref(&b)),
        ],
        &[a.clone(), b.clone()],
    );
    // At the same time, in either order.
    check(
        &[
            ok((0, 3), std::slice::from_ref(&b)),
            ok((1, 2), std::slice::from_ref(&a)),
        ],
        &[a.clone(), b.clone()],
    );
    // Unknown: there or not.
    check(&[info((0, 1), &["a", "b"])], &[a.clone(), b.clone()]);
    check(&[info((0, 1), &["a", "b"])], &[]);
    check(
        &[fail((0, 1), &["x"]), ok((2, 3), std::slice::from_ref(&c))],
        std::slice::from_ref(&c),
    );
    check(
        &[
            ok((0, 1), &[a.clone(), b.clone()]),
            poll((2, 3), std::slice::from_ref(&a)),
            poll((4, 5), std::slice::from_ref(&b)),
        ],
        &[a, b],
    );
}

#[test]
fn what_must_not_be() {
    let (a, b, c) = (at(0, 0, "a"), at(0, 1, "b"), at(0, 2, "c"));
    let sent = ok((0, 1), &[a.clone(), b.clone()]);
    let both = [a.clone(), b.clone()];
    let check = |operations: &[Operation], log: &[Placed], kind: Kind| {
        let kinds = found(operations, log);
        assert!(kinds.contains(&kind), "{kinds:?} has no {kind:?}");
    };
    let sent = std::slice::from_ref(&sent);
    check(sent, &[a.clone(), at(0, 1, "x")], Kind::Inconsistent);
    check(sent, &[a.clone(), b.clone(), at(0, 2, "a")], Kind::Duplicate);
    check(sent, std::slice::from_ref(&a), Kind::Lost);
    check(sent, &[at(0, 0, "b"), at(0, 1, "a")], Kind::Lost);
    check(sent, &[a.clone(), at(1, 0, "b")], Kind::Lost);
    check(&[fail((0, 1), &["a"])], std::slice::from_ref(&a), Kind::Aborted);
    check(&[], std::slice::from_ref(&a), Kind::Phantom);
    check(&[poll((0, 1), &both), ok((2, 3), &both)], &both, Kind::Phantom);
    check(sent, &[a.clone(), at(0, 2, "b")], Kind::Hole);
    check(&[info((0, 1), &["a", "b"])], std::slice::from_ref(&a), Kind::Torn);
    check(&[info((0, 1), &["b", "a"])], &both, Kind::Torn);
    let all = ok((0, 1), &[a.clone(), b.clone(), c.clone()]);
    let log = [a.clone(), b.clone(), c.clone()];
    let polls = |reads: &[Placed]| [all.clone(), poll((2, 3), std::slice::from_ref(&a)), poll((4, 5), reads)];
    check(&polls(std::slice::from_ref(&c)), &log, Kind::Skipped);
    check(&polls(std::slice::from_ref(&a)), &log, Kind::Skipped);
    let later_but_before = [
        ok((0, 1), std::slice::from_ref(&b)),
        ok((2, 3), std::slice::from_ref(&a)),
    ];
    check(&later_but_before, &both, Kind::OutOfOrder);
}
