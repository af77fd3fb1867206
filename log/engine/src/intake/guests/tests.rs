use std::sync::Arc;

use metadata::Fate;
use metadata::entry::{Beat, Proposal, proposal::Kind};
use tokio::sync::Semaphore;

use super::*;

fn life(number: u64) -> Incarnation {
    Incarnation {
        position: number,
        index: 0,
        nonce: number,
    }
}

fn proposal(of: u64, sequence: u64) -> Proposal {
    Proposal {
        incarnation: Some(life(of).into()),
        sequence,
        kind: Some(Kind::Beat(Beat {})),
        ..Proposal::default()
    }
}

fn room(semaphore: &Arc<Semaphore>, bytes: u32) -> OwnedSemaphorePermit {
    Arc::clone(semaphore).try_acquire_many_owned(bytes).unwrap()
}

fn names(guests: &Guests) -> Vec<(u64, u64)> {
    let name = |guest: &Guest| (guest.name.0.position, guest.name.2);
    guests.waiting.iter().map(name).collect()
}

fn outcome(of: u64, sequence: u64, fate: Fate) -> Outcome {
    Outcome {
        index: 0,
        incarnation: Some(life(of)),
        lane: 0,
        sequence,
        fate,
    }
}

#[test]
fn each_waits_once_until_the_fold_has_met_it() {
    let semaphore = Arc::new(Semaphore::new(100));
    let mut guests = Guests::default();
    guests.take_in(vec![proposal(1, 0), proposal(1, 1)], 1000, room(&semaphore, 60));
    guests.take_in(vec![proposal(1, 1), proposal(2, 0)], 1000, room(&semaphore, 40));
    assert_eq!(names(&guests), [(1, 0), (1, 1), (2, 0)]);
    guests.settle(&outcome(1, 0, Fate::Taken(Vec::new())));
    guests.settle(&outcome(3, 0, Fate::Dropped));
    assert_eq!(semaphore.available_permits(), 0, "the rest of the message waits");
    guests.settle(&outcome(1, 1, Fate::Void));
    assert_eq!(semaphore.available_permits(), 60);
    guests.settle(&outcome(2, 0, Fate::Dropped));
    assert!(guests.is_empty());
    assert_eq!(semaphore.available_permits(), 100);
}

#[test]
fn what_fits_goes_in_order_and_is_put_back() {
    let semaphore = Arc::new(Semaphore::new(100));
    let mut guests = Guests::default();
    let all = vec![proposal(1, 0), proposal(1, 1), proposal(1, 2)];
    let bytes = entry::proposal_bytes(&all[0]) + entry::proposal_bytes(&all[1]);
    guests.take_in(all.clone(), 1000, room(&semaphore, 1));
    let (mut taken, mut left) = (Vec::new(), bytes);
    assert_eq!(guests.take(&mut taken, &mut left), 2);
    assert_eq!((taken.as_slice(), left), (&all[..2], 0));
    guests.restore(taken.into_iter());
    let (mut again, mut left) = (Vec::new(), 1000);
    assert_eq!(guests.take(&mut again, &mut left), 3);
    assert_eq!(again, all);
}

#[test]
fn what_no_entry_holds_and_what_has_no_name_is_left_out() {
    let semaphore = Arc::new(Semaphore::new(100));
    let mut guests = Guests::default();
    let nameless = Proposal {
        incarnation: None,
        ..proposal(1, 0)
    };
    guests.take_in(vec![nameless, proposal(1, 0)], 5, room(&semaphore, 1));
    assert!(guests.is_empty());
    assert_eq!(semaphore.available_permits(), 100);
}
