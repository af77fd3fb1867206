//! What the lines so far come to: who sent each value, where it lies and who read it. Judges what can be judged at once,
//! that an offset has one value and a value one place.

use super::keys::Keys;
use super::log::{Known, Log};
use super::names::{NONE, Names};
use super::sends::Sends;
use crate::anomaly::{Findings, Kind};
use crate::operation::{Operation, Outcome};

/// No offset, and no time.
pub(crate) const NEVER: u64 = u64::MAX;

/// Which operation it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) line: u32,
    pub(crate) process: u32,
    pub(crate) invoked: u64,
    pub(crate) completed: u64,
    pub(crate) outcome: Outcome,
}

impl At {
    pub(crate) fn of(line: u32, operation: &Operation) -> At {
        At {
            line,
            process: operation.process,
            invoked: operation.invoked,
            completed: operation.completed,
            outcome: operation.outcome,
        }
    }
}

/// What is known of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    /// The part of a send that it is in; [`NONE`] as long as nobody sent it.
    pub(crate) part: u32,
    /// The partition it was first seen in, in an acknowledgement or a read; [`NONE`] for nowhere.
    pub(crate) key: u32,
    /// The offset it was first seen at.
    pub(crate) offset: u64,
    /// When somebody first had read it.
    pub(crate) read_at: u64,
    /// The line of whoever it was.
    pub(crate) reader: u32,
    /// Whether it was found to have two places; that is told once.
    pub(crate) is_twice: bool,
}

const UNKNOWN: Value = Value {
    part: NONE,
    key: NONE,
    offset: NEVER,
    read_at: NEVER,
    reader: NONE,
    is_twice: false,
};

impl Value {
    pub(crate) fn is_read(&self) -> bool {
        self.read_at != NEVER
    }

    pub(crate) fn is_placed(&self) -> bool {
        self.key != NONE
    }
}

/// Everything that is known.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) keys: Keys,
    pub(crate) names: Names,
    pub(crate) values: Vec<Value>,
    /// By key.
    pub(crate) logs: Vec<Log>,
    pub(crate) sends: Sends,
    pub(crate) found: Findings,
}

impl Book {
    /// The number of a value.
    pub(crate) fn value(&mut self, name: &str) -> u32 {
        let number = self.names.number(name);
        self.values.resize(self.names.len(), UNKNOWN);
        number
    }

    /// The number of a partition's name.
    pub(crate) fn partition(&mut self, name: &str) -> Result<u32, String> {
        let key = self.keys.partition(name)?;
        self.logs.resize_with(self.keys.len(), Log::default);
        Ok(key)
    }

    /// Somebody read a record.
    pub(crate) fn read(&mut self, at: &At, key: u32, offset: u64, name: &str) {
        let number = self.value(name);
        self.place(at.line, key, offset, number);
        let value = &mut self.values[number as usize];
        if at.completed < value.read_at {
            (value.read_at, value.reader) = (at.completed, at.line);
        }
    }

    /// A value lies at a place.
    pub(crate) fn place(&mut self, line: u32, key: u32, offset: u64, number: u32) {
        let known = Known {
            offset,
            value: number,
            line,
        };
        let Book { keys, names, found, .. } = self;
        if let Some(other) = self.logs[key as usize].put(known) {
            found.add(
                Kind::InconsistentOffsets,
                &[other.line, line],
                &[other.value, number],
                || {
                    let (one, two) = (names.text(other.value), names.text(number));
                    format!("{} {offset} has {one} and {two}", keys.name(key))
                },
            );
        }
        let value = &mut self.values[number as usize];
        if !value.is_placed() {
            (value.key, value.offset) = (key, offset);
        } else if (value.key, value.offset) != (key, offset) && !value.is_twice {
            value.is_twice = true;
            let (before, at) = (value.key, value.offset);
            let first = self.logs[before as usize].within(at..at + 1).next();
            let lines = [line, first.map_or(line, |known| known.line)];
            found.add(Kind::Duplicate, &lines, &[number], || {
                let (one, two) = (keys.name(before), keys.name(key));
                format!("{} is at {one} {at} and at {two} {offset}", names.text(number))
            });
        }
    }

    /// The line of the send that a value was in.
    pub(crate) fn writer(&self, value: u32) -> Option<u32> {
        let part = self.values[value as usize].part;
        (part != NONE).then(|| self.sends.of_part(part).line)
    }
}
