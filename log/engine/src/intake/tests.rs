use std::collections::BTreeSet;

use metadata::entry;

use metadata::{EntryRef, Event, PartitionId, Rejection, State, Verdict};
use records::{BatchBuilder, Codec};
use tokio::sync::oneshot;
use world::{Chance, Instant, World};

use super::compose::Composed;
use super::*;
use crate::Seen;
use crate::jobs::Decided;
use crate::memory::Memory;

type Answer = oneshot::Receiver<Result<Decided, AppendError>>;

const OBJECT: Wish = wish(Lane::Object);
const INLINE: Wish = wish(Lane::Inline);

const fn wish(lane: Lane) -> Wish {
    Wish { lane, firm: true }
}

/// An intake, and the fold that its entries reach.
struct Desk {
    intake: Intake,
    state: State,
    memory: Memory,
    now: Instant,
}

impl Desk {
    fn new(roles: &[Role]) -> Desk {
        let world = World::simulated(1);
        let now = world.clock.now();
        let register = |role: &Role| entry::Register {
            role: (*role).into(),
            name: "n".repeat(250),
            zone: "z".repeat(250),
            http_address: "a".repeat(250),
            feature_min: 1,
            feature_max: 1,
            ..Default::default()
        };
        let lives = Lives::new(roles.iter().map(register).collect(), Chance::from_seed(1), now);
        Desk {
            intake: Intake::new(lives),
            state: State::genesis([1; 16], 1, [0; 32]),
            memory: Memory::new(1 << 20),
            now,
        }
    }

    /// One whose agent lives and has a topic of two partitions, of number 1.
    fn living() -> Desk {
        let mut desk = Desk::new(&[Role::Agent]);
        assert!(desk.step());
        let create = entry::CreateTopic {
            name: "orders".to_owned(),
            id: vec![7; 16].into(),
            partitions: 2,
            ..Default::default()
        };
        desk.change(entry::proposal::Kind::CreateTopic(create));
        assert!(desk.step());
        assert!(desk.state.topic(1).is_some());
        desk
    }

    fn change(&mut self, kind: entry::proposal::Kind) -> oneshot::Receiver<Result<Vec<Verdict>, ChangeError>> {
        let (reply, answer) = oneshot::channel();
        self.intake.change(ChangeJob {
            role: Role::Agent,
            kind,
            named_by: None,
            flush: None,
            principal: String::new(),
            reply: Some(reply),
        });
        answer
    }

    fn job(&self, runs: &[(u32, usize)], expected_offset: Option<u64>) -> (AppendJob, Answer) {
        let (reply, answer) = oneshot::channel();
        let mut group = entry::Group::default();
        let mut payload = Vec::new();
        for (partition, value_bytes) in runs {
            let mut builder = BatchBuilder::new(Codec::None, None);
            builder.push(1, None, Some(&vec![b'x'; *value_bytes]), &[]).unwrap();
            let batch = builder.build().unwrap();
            group.runs.push(entry::Run {
                topic: 1,
                partition: *partition,
                records: 1,
                bytes: u32::try_from(batch.bytes().len()).unwrap(),
                max_timestamp: 1,
                expected_offset,
                ..Default::default()
            });
            payload.push(vec![batch]);
        }
        let partitions: BTreeSet<u32> = runs.iter().map(|(partition, _)| *partition).collect();
        let job = AppendJob {
            group,
            bytes: payload.iter().flatten().map(|batch| batch.bytes().len()).sum(),
            payload,
            partitions: partitions
                .into_iter()
                .map(|partition| PartitionId { topic: 1, partition })
                .collect(),
            permit: self.memory.try_reserve(1).unwrap(),
            reply: Some(reply),
        };
        (job, answer)
    }

    fn submit(&mut self, wish: Wish, partition: u32) -> Answer {
        self.submit_expecting(wish, partition, None)
    }

    fn submit_expecting(&mut self, wish: Wish, partition: u32, expected_offset: Option<u64>) -> Answer {
        let (job, answer) = self.job(&[(partition, 10)], expected_offset);
        self.intake.submit(job, wish);
        answer
    }

    fn compose(&mut self) -> Option<Composed> {
        self.intake.compose(1 << 16, self.state.position())
    }

    /// The entry gets the next position and is folded here.
    fn land(&mut self, composed: Composed) {
        let body = entry::body(composed.proposals.clone());
        let decoded = metadata::decode_body(metadata::encode_body(&body)).unwrap();
        let registers = composed.registers();
        self.intake.restore(composed, true);
        self.fold(&decoded);
        if registers {
            self.intake.lives.refused(None, self.now);
            self.intake.lives.tick(self.now + std::time::Duration::from_secs(60));
        }
    }

    fn fold(&mut self, body: &entry::Body) {
        let seen = Seen {
            era: 1,
            position: self.state.position() + 1,
        };
        let outcomes = self.apply(body);
        for outcome in outcomes {
            self.intake.settle(outcome, seen, self.now);
        }
        for role in self.intake.lives.learn(&self.state, self.now) {
            self.intake.bury(role, &AppendError::Retired);
        }
    }

    fn apply(&mut self, body: &entry::Body) -> Vec<metadata::Outcome> {
        let entry = EntryRef {
            position: self.state.position() + 1,
            era: 1,
            hash: [0; 32],
            event: Event::Proposals(body),
        };
        self.state.apply(entry).unwrap()
    }

    /// One entry that goes well; false when there was nothing to say.
    fn step(&mut self) -> bool {
        match self.compose() {
            Some(composed) => {
                self.land(composed);
                true
            }
            None => false,
        }
    }

    /// Somebody retires this process's agent.
    fn retire(&mut self) {
        let target = self.intake.lives.incarnation(Role::Agent).unwrap();
        let retire = crate::monitor::retirement(self.state.incarnation(&target).unwrap());
        let register = entry::Proposal {
            kind: Some(entry::proposal::Kind::Register(entry::Register {
                nonce: 99,
                feature_min: 1,
                feature_max: 1,
                seen: self.state.position(),
                ..Default::default()
            })),
            ..Default::default()
        };
        self.apply(&entry::body(vec![register]));
        let other = self.state.life_by_nonce(99).unwrap().incarnation();
        let proposal = entry::Proposal {
            incarnation: Some(other.into()),
            kind: Some(entry::proposal::Kind::Retire(retire)),
            ..Default::default()
        };
        self.fold(&entry::body(vec![proposal]));
        assert_eq!(self.intake.lives.incarnation(Role::Agent), None);
    }
}

/// Offset, rejection (none), or nothing yet.
fn outcome(answer: &mut Answer) -> Option<Result<u64, AppendError>> {
    let decided = answer.try_recv().ok()?;
    Some(decided.map(|decided| match decided.verdict {
        Verdict::Applied(metadata::Applied::Append(acks)) => acks[0].base_offset,
        other => panic!("{other:?}"),
    }))
}

fn sequences(composed: &Composed) -> Vec<(u32, u64)> {
    let proposals = composed
        .proposals
        .iter()
        .filter(|proposal| proposal.incarnation.is_some());
    proposals.map(|proposal| (proposal.lane, proposal.sequence)).collect()
}

#[tokio::test]
async fn each_group_hears_its_own_verdict() {
    let mut desk = Desk::living();
    let mut good = desk.submit(INLINE, 0);
    let mut wrong = desk.submit_expecting(INLINE, 0, Some(9));
    let abandoned = desk.submit(INLINE, 0);
    drop(abandoned);
    let mut next = desk.submit_expecting(INLINE, 0, Some(1));
    let mut other = desk.submit(INLINE, 1);
    assert!(desk.step());
    assert_eq!(outcome(&mut good), Some(Ok(0)));
    let refused = outcome(&mut wrong);
    assert!(
        matches!(
            refused,
            Some(Err(AppendError::Rejected(Rejection::OffsetMismatch { actual: 1 })))
        ),
        "{refused:?}"
    );
    assert_eq!(outcome(&mut next), Some(Ok(1)));
    assert_eq!(outcome(&mut other), Some(Ok(0)));
    assert!(desk.intake.is_idle());
    assert_eq!(desk.memory.used(), 0);
    assert!(!desk.step());
}

#[tokio::test]
async fn a_sequence_names_one_content_however_often_it_is_proposed() {
    let mut desk = Desk::living();
    let mut answers = vec![desk.submit(INLINE, 0)];
    let first = desk.compose().unwrap();
    let content = first.proposals.clone();
    desk.intake.restore(first, true);
    answers.push(desk.submit(INLINE, 0));
    desk.change(entry::proposal::Kind::Beat(entry::Beat {}));
    let again = desk.compose().unwrap();
    assert_eq!(again.proposals[0], content[0]);
    assert_eq!(sequences(&again), [(1, 0), (0, 1), (1, 1)]);
    // The first try lands late, and then the second.
    desk.fold(&entry::body(content));
    assert_eq!(outcome(&mut answers[0]), Some(Ok(0)));
    let late = again.proposals.clone();
    desk.intake.restore(again, true);
    desk.fold(&entry::body(late));
    assert_eq!(outcome(&mut answers[1]), Some(Ok(1)));
    assert!(desk.intake.is_idle());
    assert_eq!(desk.memory.used(), 0);
}

#[tokio::test]
async fn what_was_never_shown_is_taken_back_and_its_sequence_used_again() {
    let mut desk = Desk::living();
    let mut refused = desk.submit(INLINE, 0);
    let composed = desk.compose().unwrap();
    desk.intake.restore(composed, false);
    desk.intake.withdraw_unexposed(&AppendError::StorageFull);
    assert_eq!(outcome(&mut refused), Some(Err(AppendError::StorageFull)));
    assert_eq!(desk.memory.used(), 0);
    let mut taken = desk.submit(INLINE, 0);
    assert_eq!(sequences(&desk.compose().unwrap()), [(1, 0)]);
    // The proposals were moved out; what follows puts the same ones back.
    let mut desk = Desk::living();
    let mut kept = desk.submit(INLINE, 0);
    let composed = desk.compose().unwrap();
    desk.intake.restore(composed, true);
    desk.intake.withdraw_unexposed(&AppendError::StorageFull);
    assert_eq!(outcome(&mut kept), None);
    assert!(desk.step());
    assert_eq!(outcome(&mut kept), Some(Ok(0)));
    assert_eq!(outcome(&mut taken), None);
}

#[tokio::test]
async fn after_a_reload_what_was_not_taken_is_unknown_and_stays_in_flight() {
    let mut desk = Desk::living();
    let mut taken = desk.submit(INLINE, 0);
    let composed = desk.compose().unwrap();
    let body = entry::body(composed.proposals.clone());
    desk.intake.restore(composed, true);
    let mut open = desk.submit(INLINE, 1);
    let composed = desk.compose().unwrap();
    desk.intake.restore(composed, true);
    // Another process folded the first entry, and its snapshot is loaded here.
    desk.apply(&body);
    let state = &desk.state;
    desk.intake
        .reloaded(|incarnation, lane| state.next_sequence(incarnation, lane));
    for answer in [&mut taken, &mut open] {
        assert!(matches!(outcome(answer), Some(Err(AppendError::Unknown(_)))));
    }
    assert_eq!(desk.memory.used(), 1, "only what is still in flight");
    let mut object = [desk.submit(OBJECT, 0), desk.submit(OBJECT, 1)];
    assert_eq!(desk.intake.object.jobs.len(), 1, "the other one may not overtake");
    assert!(desk.step());
    assert_eq!(
        desk.state
            .partition(PartitionId { topic: 1, partition: 1 })
            .unwrap()
            .high_watermark(),
        1
    );
    assert_eq!(desk.intake.object.jobs.len(), 2);
    assert_eq!(object.each_mut().map(outcome), [None, None]);
}

#[tokio::test]
async fn a_retired_life_answers_definitely_and_the_next_begins_at_sequence_0() {
    let mut desk = Desk::living();
    let mut sent = desk.submit(INLINE, 0);
    let composed = desk.compose().unwrap();
    let late = entry::body(composed.proposals.clone());
    desk.intake.restore(composed, true);
    let mut waiting = desk.submit(INLINE, 0);
    let mut parked = desk.submit(OBJECT, 0);
    desk.retire();
    assert_eq!(outcome(&mut sent), Some(Err(AppendError::Retired)));
    desk.fold(&late);
    assert_eq!(
        desk.state
            .partition(PartitionId { topic: 1, partition: 0 })
            .unwrap()
            .high_watermark(),
        0
    );
    assert!(desk.step(), "a register");
    let composed = desk.compose().unwrap();
    assert_eq!(sequences(&composed), [(1, 0)]);
    desk.land(composed);
    assert_eq!(outcome(&mut waiting), Some(Ok(0)));
    assert_eq!(outcome(&mut parked), None);
    assert_eq!(desk.intake.object.jobs.len(), 1);
}

#[tokio::test]
async fn a_flush_of_a_life_that_is_over_is_refused() {
    let mut desk = Desk::living();
    let mut answer = desk.submit(OBJECT, 0);
    let (incarnation, flush) = desk.intake.lives.next_flush(Role::Agent, Lane::Object).unwrap();
    let groups = desk.intake.take_flush(1, 1);
    desk.retire();
    desk.intake.flushed(Flushed {
        incarnation,
        flush,
        attempt: 0,
        groups,
    });
    while desk.step() {}
    assert_eq!(outcome(&mut answer), Some(Err(AppendError::Retired)));
    assert!(desk.intake.is_idle());
    assert_eq!(desk.memory.used(), 0);
}

#[tokio::test]
async fn a_life_that_ends_for_good_leaves_nobody_waiting() {
    let mut desk = Desk::living();
    let mut answers = [desk.submit(INLINE, 0), desk.submit(OBJECT, 0), desk.submit(OBJECT, 1)];
    desk.intake.lives.end(Role::Agent);
    desk.retire();
    assert_eq!(
        answers.each_mut().map(outcome),
        [const { Some(Err(AppendError::Draining)) }; 3]
    );
    assert!(!desk.intake.has_work() && desk.intake.is_idle());
    assert_eq!(desk.memory.used(), 0);
    let mut late = desk.submit(INLINE, 0);
    assert_eq!(outcome(&mut late), Some(Err(AppendError::NotAnAgent)));
}

#[tokio::test]
async fn nothing_is_taken_behind_a_shut_door() {
    let doors = [
        (Door::Draining, AppendError::Draining),
        (Door::Closed, AppendError::Draining),
        (Door::Halted, AppendError::Halted),
        (Door::Full, AppendError::StorageFull),
    ];
    for (door, error) in doors {
        let mut desk = Desk::living();
        desk.intake.door = door;
        let mut answer = desk.submit(INLINE, 0);
        assert_eq!(outcome(&mut answer), Some(Err(error)));
        let mut change = desk.change(entry::proposal::Kind::Beat(entry::Beat {}));
        assert_eq!(change.try_recv().is_ok(), door != Door::Draining, "{door:?}");
        desk.intake
            .beat(desk.now + std::time::Duration::from_secs(99), std::time::Duration::ZERO);
        assert_eq!(
            desk.intake.control.len(),
            if door == Door::Draining { 2 } else { 0 },
            "{door:?}"
        );
        assert_eq!(desk.memory.used(), 0);
    }
}

#[tokio::test]
async fn no_entry_is_above_the_limit_though_a_life_is_to_be_registered() {
    for value_bytes in (0..1_000).step_by(23).chain((3_000..3_400).step_by(7)) {
        let mut desk = Desk::living();
        let limit = 4_096;
        let mut answers = Vec::new();
        for _ in 0..40 {
            let (job, answer) = desk.job(&[(0, value_bytes), (1, 3)], None);
            desk.intake.submit(job, INLINE);
            answers.push(answer);
        }
        // As if a second role of this process had been retired after the first entry was put together.
        let composed = desk.intake.compose(limit, 1).unwrap();
        desk.intake.restore(composed, true);
        let lives = Desk::new(&[Role::Agent, Role::Compactor]).intake.lives;
        desk.intake.lives.join_for_test(lives);
        for _ in 0..80 {
            let Some(composed) = desk.intake.compose(limit, desk.state.position()) else {
                break;
            };
            let bytes = metadata::encode_body(&entry::body(composed.proposals.clone())).len();
            assert!(bytes <= limit, "{bytes} with values of {value_bytes}");
            desk.land(composed);
        }
        assert!(desk.intake.is_idle());
        let offsets: Vec<_> = answers.iter_mut().map(outcome).collect();
        assert_eq!(offsets, (0..40).map(|offset| Some(Ok(offset))).collect::<Vec<_>>());
        assert!(desk.intake.lives.incarnation(Role::Compactor).is_some());
    }
}

#[tokio::test]
async fn changes_that_never_end_leave_room_for_records() {
    let mut desk = Desk::living();
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(desk.submit(INLINE, 0));
    }
    for _ in 0..3 {
        for _ in 0..200 {
            drop(desk.change(entry::proposal::Kind::Beat(entry::Beat {})));
        }
        let composed = desk.intake.compose(2_048, desk.state.position()).unwrap();
        desk.land(composed);
    }
    assert!(!desk.intake.is_idle(), "changes are still waiting");
    let offsets: Vec<_> = answers.iter_mut().map(outcome).collect();
    assert_eq!(offsets, (0..5).map(|offset| Some(Ok(offset))).collect::<Vec<_>>());
}

#[test]
fn a_groups_bytes_are_an_upper_bound() {
    let chance = Chance::from_seed(2);
    let any = |bits: u32| {
        if chance.coin(0.5) {
            u64::MAX >> (64 - bits)
        } else {
            chance.u64() >> (64 - bits)
        }
    };
    let narrow = |value: u64| u32::try_from(value).unwrap();
    for _ in 0..2_000 {
        let run = |_| entry::Run {
            topic: narrow(any(32)),
            partition: narrow(any(32)),
            records: narrow(any(32)),
            bytes: narrow(any(32)),
            max_timestamp: if chance.coin(0.5) { i64::MIN } else { i64::MAX },
            start: any(64),
            inline: vec![0; 300].into(),
            producer: Some(entry::ProducerBatch {
                id: any(64),
                epoch: narrow(any(32)),
                base_sequence: narrow(any(32)),
            }),
            expected_offset: Some(any(64)),
        };
        let group = entry::Group {
            runs: (0..1 + chance.below(4)).map(run).collect(),
            request: Some(entry::RequestSequence {
                producer: vec![1; 255].into(),
                epoch: any(64),
                sequence: any(64),
            }),
        };
        let inline: usize = group.runs.iter().map(|run| run.inline.len()).sum();
        let bound = group_bytes(&group);
        let append = |groups| entry::Proposal {
            incarnation: Some(
                Incarnation {
                    position: u64::MAX,
                    index: u16::MAX,
                    nonce: u64::MAX,
                }
                .into(),
            ),
            lane: 2,
            sequence: u64::MAX,
            flush: Some(u64::MAX),
            kind: Some(entry::proposal::Kind::Append(entry::Append {
                segment: Some(entry::ObjectNumber {
                    flush: u64::MAX,
                    attempt: u32::MAX,
                }),
                groups,
            })),
            ..Default::default()
        };
        let alone = entry::proposal_bytes(&append(Vec::new()));
        assert!(alone <= compose::HEAD_BYTES, "{alone}");
        let bytes = entry::proposal_bytes(&append(vec![group]));
        assert!(bytes <= alone + inline + bound, "{bytes} {alone} {inline} {bound}");
    }
}
