//! Readers that go on, and prefixes.

use super::*;

#[test]
fn readers_that_go_on() {
    use Kind::{IntNonmonotonicPoll, IntPollSkip, NonmonotonicPoll, PollSkip};
    let sent = || ok((0, 1), 0, &["a", "b", "c", "d"]);
    let all = [(0, "a"), (1, "b"), (2, "c"), (3, "d")];
    let with = |polls: &[Operation], expect: &[Kind]| {
        let mut operations = vec![sent()];
        operations.extend_from_slice(polls);
        operations.push(last(&all));
        check(&operations, expect);
    };
    with(&[poll((2, 3), &[all[0], all[2]])], &[IntPollSkip]);
    with(&[poll((2, 3), &[all[0], all[0]])], &[IntNonmonotonicPoll]);
    with(&[poll((2, 3), &all[..1]), poll((4, 5), &all[2..])], &[PollSkip]);
    with(&[poll((2, 3), &all[..2]), poll((4, 5), &all[1..])], &[NonmonotonicPoll]);
    with(&[seek(poll((2, 3), &all[1..]), 0)], &[PollSkip]);
    with(&[seek(poll((2, 3), &all[1..]), 2)], &[NonmonotonicPoll]);
    let assign = |from: Option<u64>| {
        let from = vec![("t/0".to_owned(), from)];
        operation(2, (1, 1), OK, Did::Assign { from })
    };
    with(&[assign(None), poll((2, 3), &all[1..])], &[]);
    with(&[assign(Some(1)), poll((2, 3), &all[1..])], &[]);
    with(&[assign(Some(0)), poll((2, 3), &all[1..])], &[PollSkip]);
    // Whoever subscribes goes anywhere between polls, but not within one.
    let subscribe = operation(2, (1, 1), OK, Did::Subscribe { topics: texts(&["t"]) });
    with(
        &[subscribe.clone(), poll((2, 3), &all[2..]), poll((4, 5), &all[..2])],
        &[],
    );
    with(&[subscribe, poll((2, 3), &[all[0], all[3]])], &[IntPollSkip]);
    let mut rebalanced = poll((2, 3), &[all[3], all[0]]);
    if let Did::Poll(poll) = &mut rebalanced.did {
        poll.parts[0].rebalanced = true;
    }
    with(&[rebalanced], &[]);
}

#[test]
fn prefixes_have_their_hash() {
    let prefix = |from, end, records: &[(u64, &str)]| {
        let mut chain = Chain::default();
        records.iter().for_each(|(offset, value)| chain.add(*offset, value));
        let (key, hash) = ("t/0".to_owned(), chain.hex());
        operation(5, (80, 81), OK, Did::Prefix { key, from, end, hash })
    };
    let all = [(0, "a"), (1, "b"), (2, "c")];
    let with = |prefix: Operation, expect: &[Kind]| {
        check(&[ok((0, 1), 0, &["a", "b", "c"]), prefix, last(&all)], expect);
    };
    with(prefix(0, 3, &all), &[]);
    with(prefix(0, 2, &all[..2]), &[]);
    with(prefix(1, 3, &all[1..]), &[]);
    with(prefix(0, 0, &[]), &[]);
    with(prefix(0, 3, &all[..2]), &[Kind::PrefixHash]);
    with(prefix(0, 2, &[all[1], all[0]]), &[Kind::PrefixHash]);
    with(prefix(0, 2, &[(0, "a"), (1, "x")]), &[Kind::PrefixHash]);
    // One of its records is known to nobody.
    let mut checker = Checker::default();
    for operation in [info((0, 1), &["a"]), prefix(0, 1, &all[..1])] {
        checker.take(&operation).unwrap();
    }
    let verdict = checker.finish();
    assert_eq!((verdict.prefixes_unjudged, verdict.anomalies), (1, Vec::new()));
}
