//! Records that say who they are: every value is the only one of its kind, and every byte of it is known. A batch names
//! its send in its timestamp, too, so whoever sees only a batch's header, or only an entry, knows whose it is.

use records::{Batch, BatchBuilder, Codec, Limits, Record};

/// Sends of one run, of which a timestamp can tell each: it is the time rounded down to so many milliseconds, and the
/// number of the send. So what time does to records happens to these as it would to others.
pub(crate) const SENDS_MAX: u64 = 8192;

/// The timestamp of a send's records.
pub(crate) fn timestamp_ms(send: u64, wall_ms: i64) -> i64 {
    let span = i64::try_from(SENDS_MAX).unwrap_or(1);
    wall_ms - wall_ms.rem_euclid(span) + i64::try_from(send % SENDS_MAX).unwrap_or(0)
}

/// The send whose records bear this timestamp.
pub(crate) fn send_of(timestamp_ms: i64) -> u64 {
    let span = i64::try_from(SENDS_MAX).unwrap_or(1);
    u64::try_from(timestamp_ms.rem_euclid(span)).unwrap_or(0)
}

/// Keys of a topic that is compacted by key.
const KEYS: u64 = 12;

/// Which record of which send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    /// Number of the send, from 0.
    pub(crate) send: u64,
    /// Index of the record in it.
    pub(crate) index: u32,
}

impl Name {
    /// The value of this record, of at least `bytes` bytes.
    pub(crate) fn value(self, bytes: usize) -> Vec<u8> {
        let mut value = format!("{}.{}|", self.send, self.index).into_bytes();
        let mut next = self.send.wrapping_mul(0x9e37_79b9).wrapping_add(u64::from(self.index));
        value.reserve(bytes + 8);
        while value.len() < bytes {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Eight letters of sixteen: a codec has something to do.
            let letters = (next >> 3) & 0x0f0f_0f0f_0f0f_0f0f;
            value.extend_from_slice(&(letters + 0x6161_6161_6161_6161).to_le_bytes());
        }
        value
    }

    /// The key of this record, in a topic that is compacted by key.
    pub(crate) fn key(self) -> Vec<u8> {
        format!("key {}", self.mixed() % KEYS).into_bytes()
    }

    /// Whether this record deletes its key, in such a topic.
    pub(crate) fn is_tombstone(self) -> bool {
        (self.mixed() / KEYS).is_multiple_of(4)
    }

    fn mixed(self) -> u64 {
        (self.send.wrapping_mul(0x9e37_79b9) ^ u64::from(self.index).wrapping_mul(0x85eb_ca6b)) >> 5
    }

    /// Whether a record of a topic that is compacted by key is this one.
    pub(crate) fn is(self, record: &Record) -> bool {
        let key = record.key.as_deref() == Some(&self.key());
        let value = match self.is_tombstone() {
            true => record.value.is_none(),
            false => record.value.as_deref().and_then(Name::of) == Some(self),
        };
        key && value
    }

    /// Who a value says it is, if it has the bytes that one has.
    pub(crate) fn of(value: &[u8]) -> Option<Name> {
        let end = value.iter().position(|&byte| byte == b'|')?;
        let (send, index) = std::str::from_utf8(value.get(..end)?).ok()?.split_once('.')?;
        let name = Name {
            send: send.parse().ok()?,
            index: index.parse().ok()?,
        };
        (name.value(value.len()) == value).then_some(name)
    }
}

/// What a batch holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) records: u32,
    pub(crate) record_bytes: usize,
    pub(crate) codec: Codec,
    pub(crate) producer: Option<records::Producer>,
    /// The records have keys, and some are tombstones.
    pub(crate) keyed: bool,
}

/// The batch of a send.
pub(crate) fn batch(send: u64, shape: &Shape, wall_ms: i64) -> Batch {
    let mut builder = BatchBuilder::new(shape.codec, shape.producer);
    let timestamp_ms = timestamp_ms(send, wall_ms);
    for index in 0..shape.records {
        let name = Name { send, index };
        let key = shape.keyed.then(|| name.key());
        let value = (!shape.keyed || !name.is_tombstone()).then(|| name.value(shape.record_bytes));
        builder
            .push(timestamp_ms, key.as_deref(), value.as_deref(), &[])
            .expect("a few small records fit a batch");
    }
    builder.build().expect("a few small records make a batch")
}

/// The send of a batch, each record of which says so itself.
pub(crate) fn decoded(batch: &Batch) -> Result<u64, String> {
    let send = send_of(batch.header().max_timestamp);
    let walk = records::walk(batch, &Limits::default()).map_err(|error| error.to_string())?;
    let mut count = 0;
    for (record, index) in walk.zip(0..) {
        let record = record.map_err(|error| error.to_string())?;
        let name = record.value.as_deref().and_then(Name::of);
        let delta = u32::try_from(record.offset_delta).ok();
        if name != Some(Name { send, index }) || delta != Some(index) {
            return Err(format!("record {index} of send {send} says that it is {name:?}"));
        }
        count += 1;
    }
    if count == batch.records() {
        Ok(send)
    } else {
        Err(format!(
            "{count} records of send {send}, whose header says {}",
            batch.records()
        ))
    }
}
