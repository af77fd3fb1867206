//! Publishing a topic's lake files as a table.

use super::*;
use crate::entry::{DescribingObject, Publish};
use crate::{Describing, Published};

impl Ready {
    /// Extents that lie in one lake file, by a swap of flush 5.
    fn in_rows() -> Self {
        let mut ready = Self::filled();
        let (inputs, name) = (ready.inputs(), ready.name(5));
        let file = in_lake(Some(name), Some(END), ready.output(5, 0, 6));
        assert_eq!(ready.swap(5, inputs, vec![file]), SWAPPED);
        ready
    }

    fn described_by(&self, flush: u64, attempt: u16) -> ObjectName {
        ObjectName {
            attempt,
            ..self.name(flush)
        }
    }

    fn publish(&mut self, flush: u64, replaces: Option<ObjectName>, seen: u64, objects: &[ObjectName]) -> Verdict {
        let publish = Publish {
            topic: 1,
            replaces: replaces.map(Into::into),
            seen,
            oldest: seen.min(3),
            objects: objects.iter().map(describing).collect(),
        };
        self.fixture
            .verdicts(self.compactor, Lane::Control, Some(flush), Kind::Publish(publish))
            .remove(0)
    }

    fn now(&self) -> u64 {
        self.fixture.state.position()
    }

    fn changed(&self) -> u64 {
        self.fixture.state.topic(1).unwrap().lake_changed()
    }
}

fn describing(name: &ObjectName) -> DescribingObject {
    DescribingObject {
        name: Some((*name).into()),
        checksum: 7,
    }
}

const DONE: Verdict = Verdict::Applied(Applied::Done);

#[test]
fn what_is_published_is_held_until_it_is_replaced() {
    let mut ready = Ready::in_rows();
    let (seen, first) = (
        ready.now(),
        [
            ready.described_by(6, 0),
            ready.described_by(6, 1),
            ready.described_by(6, 2),
        ],
    );
    assert_eq!(ready.changed(), seen);
    assert_eq!(ready.publish(6, None, seen, &first), DONE);
    let published = Published {
        objects: first.map(|name| Describing { name, checksum: 7 }).to_vec(),
        seen,
        oldest: 3,
        sequence: 1,
        at: seen + 1,
    };
    assert_eq!(ready.fixture.state.published(1), Some(published));
    assert_eq!(
        ready.fixture.state.object(&first[1]),
        ObjectStatus::Named { references: 1 }
    );
    ready.fixture.through_snapshot();
    // A manifest that is still true is named again.
    let second = [ready.described_by(7, 0), ready.described_by(7, 1), first[2]];
    assert_eq!(ready.publish(7, Some(first[0]), seen + 1, &second), DONE);
    let at = ready.now();
    assert_eq!(ready.fixture.state.published(1).unwrap().sequence, 2);
    for (name, status) in [
        (first[0], ObjectStatus::Unnamed { at }),
        (first[1], ObjectStatus::Unnamed { at }),
        (first[2], ObjectStatus::Named { references: 1 }),
    ] {
        assert_eq!(ready.fixture.state.object(&name), status);
    }
    ready.fixture.through_snapshot();
    let other = DescribingObject {
        checksum: 8,
        ..describing(&first[2])
    };
    let kind = Kind::Publish(Publish {
        topic: 1,
        replaces: Some(second[0].into()),
        seen: at,
        objects: vec![describing(&ready.described_by(8, 0)), other],
        ..Default::default()
    });
    let refused = ready.fixture.verdicts(ready.compactor, Lane::Control, Some(8), kind);
    assert_eq!(refused, [rejected(Rejection::OutputsWrong("one is not what it was"))]);
    ready.control(Kind::DeleteTopic(DeleteTopic { topic: 1 }));
    assert!(matches!(
        ready.fixture.state.object(&second[0]),
        ObjectStatus::Unnamed { .. }
    ));
    ready.fixture.through_snapshot();
}

#[test]
fn only_what_tells_of_all_lake_files_and_replaces_what_stands_is_published() {
    let mut ready = Ready::in_rows();
    let (seen, first, second) = (ready.now(), [ready.described_by(6, 0)], [ready.described_by(7, 0)]);
    let changed = |actual| rejected(Rejection::SeenChanged { actual });
    assert_eq!(ready.publish(6, None, seen - 1, &first), changed(Some(seen)));
    let future = ready.now() + 5;
    assert_eq!(
        ready.publish(6, None, future, &first),
        rejected(Rejection::NotFolded { position: future })
    );
    assert_eq!(ready.publish(6, Some(second[0]), seen, &first), changed(None));
    assert_eq!(ready.publish(6, None, seen, &first), DONE);
    assert_eq!(
        ready.publish(7, None, seen, &second),
        changed(None),
        "another came first"
    );
    // What is trimmed takes the file with it.
    ready.trim(0, 2, None);
    assert_eq!(ready.changed(), seen, "a part of it stays");
    ready.trim(0, 6, None);
    let gone = ready.now();
    assert_eq!(ready.changed(), gone);
    assert_eq!(ready.publish(7, Some(first[0]), seen, &second), changed(Some(gone)));
    assert_eq!(ready.publish(7, Some(first[0]), gone, &second), DONE);
    ready.fixture.through_snapshot();
}

#[test]
fn what_a_sweep_may_have_taken_is_not_published() {
    let mut ready = Ready::in_rows();
    let seen = ready.now();
    let wrong = |why| rejected(Rejection::OutputsWrong(why));
    let other = ObjectName {
        incarnation: ready.agent,
        ..ready.described_by(6, 0)
    };
    let not_own = "one is not the proposer's, or of a later flush than the proposal's";
    let lake = ready.name(5);
    let many: Vec<ObjectName> = (0..=1024).map(|attempt| ready.described_by(6, attempt)).collect();
    for (objects, why) in [
        (vec![], "it has none, or too many"),
        (many, "it has none, or too many"),
        (vec![other], not_own),
        (vec![ready.described_by(8, 0)], not_own),
        (vec![lake], "one's name is another object's"),
        (vec![ready.described_by(5, 1); 2], "one is named twice"),
        (
            vec![ready.described_by(4, 1)],
            "one is of a flush before the last that was taken",
        ),
    ] {
        assert_eq!(ready.publish(5, None, seen, &objects), wrong(why));
    }
    let kind = Kind::Publish(Publish {
        topic: 1,
        seen,
        objects: vec![describing(&ready.described_by(6, 0))],
        ..Default::default()
    });
    assert_eq!(ready.control(kind), rejected(Rejection::WrongRole));
}
