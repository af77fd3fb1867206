//! Records that say who they are: every value is the only one of its kind, and every byte of it is known.

use bytes::Bytes;
use records::{Batch, BatchBuilder, Codec, Limits};

/// Which record of which send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    /// Number of the send, from 0.
    pub(crate) send: u64,
    /// Index of the record in it.
    pub(crate) index: u32,
}

impl Name {
    /// The value of this record, of about `bytes` bytes.
    pub(crate) fn value(self, bytes: usize) -> Vec<u8> {
        let mut value = format!("{}.{}|", self.send, self.index).into_bytes();
        let mut next = self.send.wrapping_mul(0x9e37_79b9).wrapping_add(u64::from(self.index));
        while value.len() < bytes {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            value.push(b'a' + (next >> 59) as u8 % 26);
        }
        value
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

/// The batch of a send.
pub(crate) fn batch(
    send: u64,
    records: u32,
    record_bytes: usize,
    wall_ms: i64,
    codec: Codec,
    producer: Option<records::Producer>,
) -> Batch {
    let mut builder = BatchBuilder::new(codec, producer);
    for index in 0..records {
        let value = Name { send, index }.value(record_bytes);
        builder
            .push(wall_ms, None, Some(&value), &[])
            .expect("a few small records fit a batch");
    }
    builder.build().expect("a few small records make a batch")
}

/// The records of a batch: offset and value.
pub(crate) fn records_of(base_offset: u64, batch: &Batch) -> Result<Vec<(u64, Bytes)>, String> {
    let walk = records::walk(batch, &Limits::default()).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for record in walk {
        let record = record.map_err(|error| error.to_string())?;
        let delta = u64::try_from(record.offset_delta).map_err(|error| error.to_string())?;
        all.push((base_offset + delta, record.value.unwrap_or_default()));
    }
    Ok(all)
}
