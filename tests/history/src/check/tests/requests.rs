//! Requests that are whole and in order.

use super::*;

#[test]
fn requests_are_whole() {
    use Kind::{IntNonmonotonicSend, IntSendSkip, LostWrite, NonmonotonicSend, Phantom, TornRequest};
    let two = |outcome| send((0, 1), outcome, &[part("t/0", None, &["a"]), part("t/1", None, &["b"])]);
    check(&[two(INFO), last(&[(0, "a")])], &[TornRequest]);
    check(&[two(INFO), last(&[])], &[]);
    // Nobody knows what is in the other one.
    check(
        &[two(INFO), poll_parts(9, (90, 91), true, &[read("t/0", &[(0, "a")])])],
        &[],
    );
    // Sent to any partition, but to one.
    let any = || send((0, 1), INFO, &[part("t", None, &["a", "b"])]);
    check(
        &[
            any(),
            poll_parts(
                9,
                (90, 91),
                true,
                &[read("t/0", &[]), read("t/1", &[(0, "a"), (1, "b")])],
            ),
        ],
        &[],
    );
    check(
        &[
            any(),
            poll_parts(9, (90, 91), true, &[read("t/0", &[(0, "a")]), read("t/1", &[(0, "b")])]),
        ],
        &[TornRequest],
    );
    check(
        &[
            any(),
            poll_parts(9, (90, 91), true, &[read("u/0", &[(0, "a"), (1, "b")])]),
        ],
        &[Phantom],
    );
    // A place without a sign of its send says nothing.
    let claimed = || send((0, 1), INFO, &[part("t/0", Some(0), &["a", "b"])]);
    check(&[claimed(), ok((0, 1), 0, &["c"]), last(&[(0, "c")])], &[]);
    check(&[claimed(), last(&[(0, "a"), (1, "b")])], &[]);
    check(
        &[claimed(), ok((2, 3), 2, &["c"]), last(&[(0, "a"), (2, "c")])],
        &[LostWrite, Kind::IntPollSkip, Kind::Hole],
    );
    let all = [(0, "a"), (1, "b"), (2, "c")];
    check(
        &[apart((0, 1), &[(0, "a"), (2, "c")]), ok((0, 1), 1, &["b"]), last(&all)],
        &[IntSendSkip],
    );
    let backwards = || apart((0, 1), &[(1, "b"), (0, "a")]);
    check(&[backwards(), last(&all[..2])], &[]);
    check(&[numbered(backwards(), 0), last(&all[..2])], &[IntNonmonotonicSend]);
    let (one, other) = (ok((0, 5), 0, &["a"]), ok((0, 5), 1, &["b"]));
    check(
        &[numbered(one.clone(), 0), numbered(other.clone(), 1), last(&all[..2])],
        &[],
    );
    check(
        &[numbered(one, 1), numbered(other, 0), last(&all[..2])],
        &[NonmonotonicSend],
    );
    // Where one without an answer lies is known from who read it.
    let unanswered = numbered(info((0, 5), &["a"]), 7);
    check(
        &[unanswered, numbered(ok((6, 7), 1, &["b"]), 6), last(&all[..2])],
        &[NonmonotonicSend],
    );
}
