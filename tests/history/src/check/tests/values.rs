//! What is where: values at offsets, seen, lost, trimmed.

use super::*;

#[test]
fn what_may_be() {
    check(&[], &[]);
    check(&[ok((0, 1), 0, &["a", "b"]), last(&[(0, "a"), (1, "b")])], &[]);
    // At the same time, in either order.
    check(
        &[
            ok((0, 3), 1, &["b"]),
            ok((1, 2), 0, &["a"]),
            last(&[(0, "a"), (1, "b")]),
        ],
        &[],
    );
    // One moment is no order.
    check(
        &[
            ok((0, 3), 1, &["b"]),
            ok((3, 4), 0, &["a"]),
            last(&[(0, "a"), (1, "b")]),
        ],
        &[],
    );
    // Unknown: there or not.
    check(&[info((0, 1), &["a", "b"]), last(&[(0, "a"), (1, "b")])], &[]);
    check(&[info((0, 1), &["a", "b"]), last(&[])], &[]);
    check(&[fail((0, 1), &["x"]), ok((2, 3), 0, &["c"]), last(&[(0, "c")])], &[]);
    // Goes on where it stopped, also behind a crash, or an assignment that says where.
    let sent = ok((0, 1), 0, &["a", "b", "c"]);
    let all = [(0, "a"), (1, "b"), (2, "c")];
    check(
        &[
            sent.clone(),
            poll((2, 3), &all[..1]),
            poll((4, 5), &all[1..]),
            last(&all),
        ],
        &[],
    );
    let crash = operation(2, (4, 4), OK, Did::Crash);
    check(
        &[
            sent.clone(),
            poll((2, 3), &all[1..]),
            crash,
            poll((4, 5), &all),
            last(&all),
        ],
        &[],
    );
    check(
        &[
            sent.clone(),
            poll((2, 3), &all[1..]),
            seek(poll((4, 5), &all[2..]), 2),
            last(&all),
        ],
        &[],
    );
    // Not read to the end yet.
    check(&[sent, poll((2, 3), &all[..1])], &[]);
    // Acknowledged before, but long after everything was read.
    check(&[ok((95, 96), 0, &["a"]), last(&[])], &[]);
}

#[test]
fn what_must_not_be() {
    use Kind::{
        AbortedRead, Duplicate, FutureRead, Hole, InconsistentOffsets, LostWrite, Phantom, RealtimeSendOrder,
        TornRequest, Unseen,
    };
    let sent = || ok((0, 1), 0, &["a", "b"]);
    let both = [(0, "a"), (1, "b")];
    check(
        &[sent(), last(&[(0, "a"), (1, "x")])],
        &[InconsistentOffsets, LostWrite, Phantom],
    );
    check(&[sent(), last(&[(0, "a"), (1, "b"), (2, "a")])], &[Duplicate]);
    check(&[sent(), last(&[(0, "a")])], &[Unseen]);
    check(
        &[sent(), last(&[(0, "b"), (1, "a")])],
        &[InconsistentOffsets, Duplicate],
    );
    check(
        &[
            sent(),
            poll_parts(9, (90, 91), true, &[read("t/0", &both[..1]), read("t/1", &[(0, "b")])]),
        ],
        &[Duplicate],
    );
    check(&[fail((0, 1), &["a"]), last(&[(0, "a")])], &[AbortedRead]);
    check(&[last(&[(0, "a")])], &[Phantom]);
    check(
        &[poll((0, 1), &both), ok((2, 3), 0, &["a", "b"]), last(&both)],
        &[FutureRead],
    );
    check(
        &[sent(), last(&[(0, "a"), (2, "b")])],
        &[Duplicate, Kind::IntPollSkip, Hole],
    );
    check(&[sent(), last(&[(1, "b")])], &[LostWrite, Kind::PollSkip, Hole]);
    check(&[info((0, 1), &["a", "b"]), last(&[(0, "a")])], &[TornRequest]);
    check(&[info((0, 1), &["b", "a"]), last(&both)], &[TornRequest]);
    check(
        &[ok((0, 1), 1, &["b"]), ok((2, 3), 0, &["a"]), last(&both)],
        &[RealtimeSendOrder],
    );
    // Read once, and gone at the end.
    check(&[sent(), poll((2, 3), &both), last(&[(0, "a")])], &[LostWrite]);
}

#[test]
fn what_is_trimmed_is_not_lost() {
    use Kind::{Hole, LostWrite, PollSkip, UnaskedTrim};
    let sent = || ok((0, 1), 0, &["a", "b", "c"]);
    let end = || last_from(2, &[(2, "c")]);
    check(&[sent(), trim((2, 3), OK, 2), end()], &[]);
    check(&[sent(), trim((2, 3), INFO, 2), end()], &[]);
    check(&[like(true, false, false), sent(), end()], &[]);
    check(&[sent(), end()], &[PollSkip, UnaskedTrim]);
    check(
        &[sent(), trim((2, 3), Outcome::Fail, 2), end()],
        &[PollSkip, UnaskedTrim],
    );
    check(&[sent(), trim((95, 96), OK, 2), end()], &[PollSkip, UnaskedTrim]);
    check(
        &[
            sent(),
            poll((2, 3), &[(0, "a"), (1, "b"), (2, "c")]),
            trim((4, 5), OK, 3),
            last(&[]),
        ],
        &[],
    );
    // It was asked for, and less was done.
    check(&[sent(), trim((2, 3), INFO, 3), end()], &[]);
    check(
        &[sent(), trim((2, 3), OK, 2), last_from(0, &[(2, "c")])],
        &[LostWrite, Hole],
    );
    // Who reads everything need not be told where that begins.
    check(&[sent(), trim((2, 3), OK, 2), last(&[(2, "c")])], &[]);
    // A reader finds its place gone.
    let reads = |when: u64| [poll((2, 3), &[(0, "a")]), poll((when, when + 1), &[(2, "c")])];
    let [one, two] = reads(6);
    check(&[sent(), one.clone(), trim((4, 5), OK, 2), two.clone(), end()], &[]);
    check(&[sent(), one, trim((8, 9), OK, 2), two, end()], &[PollSkip]);
    // What is deleted with its topic.
    let delete = |outcome| operation(3, (4, 5), outcome, Did::Delete { topic: "t".to_owned() });
    let read = || poll((2, 3), &[(0, "a"), (1, "b"), (2, "c")]);
    check(&[sent(), read(), delete(INFO), last(&[])], &[]);
    check(&[sent(), read(), delete(Outcome::Fail), last(&[])], &[LostWrite]);
}

#[test]
fn offsets_without_records() {
    use Kind::{Hole, IntPollSkip, LostWrite};
    let sent = || [ok((0, 1), 0, &["a"]), ok((2, 3), 2, &["c"])];
    let [a, c] = sent();
    check(&[a.clone(), c.clone(), last(&[(0, "a"), (2, "c")])], &[Hole]);
    check(
        &[
            like(false, true, false),
            a.clone(),
            c.clone(),
            last(&[(0, "a"), (2, "c")]),
        ],
        &[],
    );
    let b = ok((0, 1), 1, &["b"]);
    check(
        &[
            like(false, false, true),
            a.clone(),
            b.clone(),
            c.clone(),
            last(&[(0, "a"), (2, "c")]),
        ],
        &[],
    );
    check(
        &[like(false, true, false), a, b, c, last(&[(0, "a"), (2, "c")])],
        &[LostWrite, IntPollSkip],
    );
}
