//! Readers that go on where they had stopped: what they gave twice or out of order is told at once, what they may have
//! left out is kept until all is known that was there.

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use super::book::{At, Book, NEVER};
use super::names::NONE;
use crate::anomaly::Kind;
use crate::operation::PollPart;

/// A client, from one crash to the next.
#[derive(Debug, Default)]
struct Process {
    /// Counts what makes it forget its places.
    life: u32,
    subscribed: bool,
    free_at: u64,
}

/// A client's place in a partition.
#[derive(Clone, Copy, Debug)]
struct Place {
    life: u32,
    /// Where it began; [`NEVER`] as long as nobody knows.
    begin: u64,
    /// What it reads next; [`NEVER`] as long as nobody knows.
    next: u64,
    /// The line of its last read.
    line: u32,
}

/// Offsets that a reader passed over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    pub(crate) key: u32,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) kind: Kind,
    /// When it had passed over them.
    pub(crate) when: u64,
    /// Where it read before and behind them.
    pub(crate) lines: [u32; 2],
}

/// All readers.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    processes: HashMap<u32, Process, FxBuildHasher>,
    places: HashMap<(u32, u32), Place, FxBuildHasher>,
    pub(crate) gaps: Vec<Gap>,
    /// What readers have gone through: key, first offset, and the one behind the last.
    pub(crate) covered: Vec<(u32, u64, u64)>,
}

impl Place {
    fn fresh(life: u32, begin: u64) -> Place {
        Place {
            life,
            begin,
            next: begin,
            line: NONE,
        }
    }
}

impl Reads {
    /// Notes that a client does something else than send, one thing after another.
    pub(crate) fn begins(&mut self, at: &At) -> Result<(), String> {
        let process = self.processes.entry(at.process).or_default();
        if at.invoked < process.free_at {
            return Err(format!("process {} does two things at once", at.process));
        }
        process.free_at = at.completed;
        Ok(())
    }

    /// A client begins anew, at these offsets where they are known.
    pub(crate) fn assign(&mut self, process: u32, from: &[(u32, Option<u64>)]) {
        let known = self.processes.entry(process).or_default();
        known.life += 1;
        known.subscribed = false;
        let life = known.life;
        for (key, offset) in from {
            self.leave(process, *key);
            if let Some(offset) = offset {
                self.places.insert((process, *key), Place::fresh(life, *offset));
            }
        }
    }

    /// A client leaves it to its group what it reads.
    pub(crate) fn subscribe(&mut self, process: u32) {
        self.assign(process, &[]);
        self.processes.entry(process).or_default().subscribed = true;
    }

    /// A client has read some of a partition. Who reads everything begins at the beginning, where nothing else is said.
    pub(crate) fn part(&mut self, book: &mut Book, at: &At, key: u32, part: &PollPart, everything: bool) {
        let process = self.processes.entry(at.process).or_default();
        let (life, subscribed) = (process.life, process.subscribed);
        if part.from.is_some() || part.rebalanced {
            self.leave(at.process, key);
        }
        let place = self
            .places
            .get(&(at.process, key))
            .copied()
            .filter(|place| place.life == life);
        let mut place = place.unwrap_or_else(|| {
            self.leave(at.process, key);
            Place::fresh(life, part.from.unwrap_or(if everything { 0 } else { NEVER }))
        });
        for (offset, name) in &part.records {
            book.read(at, key, *offset, name);
            if !part.rebalanced {
                self.follow(book, at, key, subscribed, &place, *offset);
            }
            place.begin = place.begin.min(*offset);
            place.next = offset + 1;
            place.line = at.line;
        }
        // What was given by a group may be gone by the next poll; within a rebalance there is no order at all.
        if part.rebalanced {
            return;
        }
        self.places.insert((at.process, key), place);
        if subscribed {
            self.leave(at.process, key);
        }
    }

    /// Compares a record with the one before it.
    fn follow(&mut self, book: &mut Book, at: &At, key: u32, subscribed: bool, place: &Place, offset: u64) {
        let inside = place.line == at.line;
        if place.next == NEVER || offset == place.next || subscribed && !inside {
            return;
        }
        let lines = [if place.line == NONE { at.line } else { place.line }, at.line];
        if offset < place.next {
            let kind = if inside {
                Kind::IntNonmonotonicPoll
            } else {
                Kind::NonmonotonicPoll
            };
            let name = book.keys.name(key);
            book.found.add(kind, &lines, &[], || {
                format!(
                    "process {} read {name} {offset}, when {} was next",
                    at.process, place.next
                )
            });
            return;
        }
        self.gaps.push(Gap {
            key,
            from: place.next,
            to: offset,
            kind: if inside { Kind::IntPollSkip } else { Kind::PollSkip },
            when: at.completed,
            lines,
        });
    }

    /// What was gone through on the way to here is covered.
    fn leave(&mut self, process: u32, key: u32) {
        if let Some(place) = self.places.remove(&(process, key)) {
            self.cover(key, &place);
        }
    }

    fn cover(&mut self, key: u32, place: &Place) {
        if place.line != NONE && place.begin < place.next {
            self.covered.push((key, place.begin, place.next));
        }
    }

    /// All readers have ended.
    pub(crate) fn end(&mut self) {
        let places: Vec<(u32, Place)> = self.places.drain().map(|((_, key), place)| (key, place)).collect();
        for (key, place) in places {
            self.cover(key, &place);
        }
        self.merge();
    }

    /// Joins what overlaps.
    fn merge(&mut self) {
        self.covered.sort_unstable();
        let mut merged: Vec<(u32, u64, u64)> = Vec::new();
        for (key, begin, end) in self.covered.drain(..) {
            match merged.last_mut() {
                Some((same, _, until)) if *same == key && begin <= *until => *until = end.max(*until),
                _ => merged.push((key, begin, end)),
            }
        }
        self.covered = merged;
    }

    /// Whether readers have gone through an offset. Only once all have ended.
    pub(crate) fn is_covered(&self, key: u32, offset: u64) -> bool {
        let behind = self
            .covered
            .partition_point(|(of, begin, _)| (*of, *begin) <= (key, offset));
        let before = behind.checked_sub(1).map(|at| self.covered[at]);
        before.is_some_and(|(of, _, end)| of == key && offset < end)
    }
}
