use super::*;
use crate::envelope::Kind::{Genesis, Halt, NewEra, Proposals};

const TIP: Tip = Tip::new(3, 9, Hash([9; 32]));

fn judged(kind: Kind, era: Era, fits: bool) -> (Era, EntryKind) {
    let envelope = Envelope {
        kind,
        era,
        position: 10,
        previous: if fits { TIP.hash } else { Hash::ZERO },
        body: Bytes::from_static(b"body"),
    };
    let (stored, hash) = envelope.seal();
    let entry = judge(&TIP, &envelope, stored);
    assert_eq!(entry.position, 10, "every entry takes its position");
    assert_eq!(
        entry.hash == hash,
        fits,
        "a misfit's bytes alone do not stand for what was before"
    );
    assert_eq!((entry.tip().fits(), entry.tip().stored_hash()), (fits, hash));
    (entry.era, entry.kind)
}

#[test]
fn every_case() {
    let check = |kind: Kind, era: Era, fits: bool, expect: (Era, EntryKind)| {
        assert_eq!(judged(kind, era, fits), expect, "{kind:?} of era {era}, fits: {fits}");
    };
    let misfit = |era| (3, EntryKind::Halt { era, misfit: true });
    let halt = |era| (3, EntryKind::Halt { era, misfit: false });
    let proposals = (3, EntryKind::Proposals(Bytes::from_static(b"body")));

    check(Proposals, 3, true, proposals);
    check(Proposals, 3, false, misfit(3));
    check(Proposals, 2, true, (3, EntryKind::Void));
    check(Proposals, 2, false, (3, EntryKind::Void));
    check(Proposals, 4, true, misfit(4));
    check(Proposals, 4, false, misfit(4));

    check(Halt { era: 3 }, 3, true, halt(3));
    check(Halt { era: 3 }, 3, false, misfit(3));
    check(Halt { era: 4 }, 3, true, halt(4));
    check(Halt { era: 2 }, 3, true, (3, EntryKind::Void));
    check(Halt { era: 2 }, 2, true, (3, EntryKind::Void));
    check(Halt { era: 2 }, 2, false, (3, EntryKind::Void));

    check(NewEra, 4, true, (4, EntryKind::NewEra));
    check(NewEra, 7, true, (7, EntryKind::NewEra));
    check(NewEra, 4, false, misfit(4));
    check(NewEra, 3, true, misfit(3));
    check(NewEra, 2, true, (3, EntryKind::Void));

    check(Genesis, 3, true, misfit(3));
    check(Genesis, 1, false, (3, EntryKind::Void));
}

#[test]
fn a_loss_says_what_was_expected_and_what_was_found() {
    let mut loss = Loss {
        expected: TIP,
        found: None,
        evidence: Evidence::Witness,
    };
    let hash = TIP.hash;
    let known = format!("knows entry 9 of era 3 with hash {hash}; the ledger has");
    assert_eq!(loss.to_string(), format!("the witness {known} none there"));
    loss.evidence = Evidence::OwnEntry;
    loss.found = Some(Hash::ZERO);
    assert_eq!(
        loss.to_string(),
        format!("this process {known} one with hash {}", Hash::ZERO)
    );
}

#[test]
fn what_is_passed_on_follows_the_tip_or_is_not_believed() {
    let envelope = |position, era, previous| Envelope {
        kind: Proposals,
        era,
        position,
        previous,
        body: Bytes::from_static(b"body"),
    };
    let (stored, hash) = envelope(10, 3, TIP.hash).seal();
    let Passed::Next(entry) = follow(&TIP, &stored) else {
        panic!("it follows")
    };
    assert_eq!((entry.position, entry.hash, &entry.stored), (10, hash, &stored));
    assert_eq!(entry.kind, EntryKind::Proposals(Bytes::from_static(b"body")));
    for (position, era, previous, expect) in [
        (9, 3, Hash::ZERO, Passed::Known),
        (11, 3, TIP.hash, Passed::Unfit),
        (10, 2, TIP.hash, Passed::Unfit),
        (10, 3, Hash::ZERO, Passed::Unfit),
    ] {
        let (stored, _) = envelope(position, era, previous).seal();
        assert_eq!(follow(&TIP, &stored), expect, "{position} {era}");
    }
    let mut flipped = stored.to_vec();
    flipped[70] ^= 1;
    assert_eq!(follow(&TIP, &flipped.into()), Passed::Unfit, "a flipped bit");
    assert_eq!(follow(&TIP, &Bytes::new()), Passed::Unfit);
}
