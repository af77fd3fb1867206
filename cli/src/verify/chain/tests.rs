use bytes::Bytes;

use super::*;

const LINK: Link = Link {
    era: 3,
    hash: Hash([7; 32]),
};

fn envelope(kind: Kind, era: u64, fits: bool) -> Envelope {
    let previous = if fits { LINK.hash } else { Hash([8; 32]) };
    Envelope {
        kind,
        era,
        position: 5,
        previous,
        body: Bytes::new(),
    }
}

fn check(kind: Kind, era: u64, fits: bool, expect: Option<Meaning>) {
    let meaning = judge(&LINK, &envelope(kind, era, fits));
    match expect {
        Some(expect) => assert_eq!(meaning, expect, "{kind:?} {era} {fits}"),
        None => assert!(
            matches!(meaning, Meaning::Misfit(_)),
            "{kind:?} {era} {fits}: {meaning:?}"
        ),
    }
}

#[test]
fn every_case() {
    check(Kind::Proposals, 3, true, Some(Meaning::Proposals));
    check(Kind::Proposals, 3, false, None);
    check(Kind::Proposals, 2, true, Some(Meaning::Void));
    check(Kind::Proposals, 2, false, Some(Meaning::Void));
    check(Kind::Proposals, 4, true, None);
    check(Kind::Halt { era: 3 }, 3, true, Some(Meaning::Halt));
    check(Kind::Halt { era: 2 }, 3, true, Some(Meaning::Void));
    check(Kind::Halt { era: 3 }, 3, false, None);
    check(Kind::NewEra, 4, true, Some(Meaning::NewEra));
    check(Kind::NewEra, 4, false, None);
    check(Kind::NewEra, 3, true, None);
    check(Kind::Genesis, 3, true, None);
}

#[test]
fn eras_rise_only_with_their_entry() {
    let hash = Hash([9; 32]);
    let begun = envelope(Kind::NewEra, 4, true);
    assert_eq!(next(&LINK, Meaning::NewEra, &begun, hash), Link { era: 4, hash });
    let misfit = envelope(Kind::Proposals, 4, true);
    assert_eq!(next(&LINK, Meaning::Misfit(""), &misfit, hash), Link { era: 3, hash });
}

#[test]
fn the_hash_stands_for_all_before_also_behind_a_misfit() {
    let hash = Hash([9; 32]);
    let stray = envelope(Kind::Proposals, 2, false);
    let other = Link {
        hash: Hash([6; 32]),
        ..LINK
    };
    let (one, two) = (
        next(&LINK, Meaning::Void, &stray, hash),
        next(&other, Meaning::Void, &stray, hash),
    );
    assert!(one.hash != hash && one.hash != two.hash, "{one:?} {two:?}");
}
