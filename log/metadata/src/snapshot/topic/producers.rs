//! What a section remembers of producers.

use bytes::Bytes;
use seeded::Bug;

use super::super::{corrupt, wire};
use crate::entry::FormatError;
use crate::limits::{PRODUCER_BATCHES, PRODUCER_REQUESTS};
use crate::state::producer::{Batch, Producer};
use crate::state::request::{Ack, RequestProducer};

pub(super) fn encode_producer(id: u64, producer: &Producer) -> wire::Producer {
    let batches = match producer.batches() {
        [.., last] if seeded::is(Bug::WindowForgottenAtSnapshot) => std::slice::from_ref(last),
        all => all,
    };
    wire::Producer {
        id,
        epoch: u32::from(producer.epoch),
        position: producer.position,
        bases: batches.iter().map(|batch| batch.base).collect(),
        lasts: batches.iter().map(|batch| batch.last).collect(),
        offsets: batches.iter().map(|batch| batch.offset).collect(),
    }
}

pub(super) fn encode_request(name: &Bytes, known: &RequestProducer) -> wire::RequestProducer {
    let requests = known.acks.iter().map(|acks| wire::Request {
        partitions: acks.iter().map(|ack| ack.partition).collect(),
        records: acks.iter().map(|ack| ack.records).collect(),
        base_offsets: acks.iter().map(|ack| ack.base_offset).collect(),
    });
    let requests = requests.collect();
    wire::RequestProducer {
        name: name.clone(),
        epoch: known.epoch,
        last: known.last,
        position: known.position,
        requests,
    }
}

pub(super) fn decode_producer(from: &wire::Producer) -> Result<Producer, FormatError> {
    let count = from.bases.len();
    let fits = (1..=PRODUCER_BATCHES).contains(&count) && from.lasts.len() == count && from.offsets.len() == count;
    let epoch = u16::try_from(from.epoch).ok();
    let (Some(epoch), true) = (epoch, fits) else {
        return Err(corrupt("a producer that cannot be"));
    };
    let mut batches = [Batch::default(); PRODUCER_BATCHES];
    let rows = from.bases.iter().zip(&from.lasts).zip(&from.offsets);
    for (batch, ((&base, &last), &offset)) in batches.iter_mut().zip(rows) {
        *batch = Batch { base, last, offset };
    }
    Ok(Producer {
        epoch,
        count: count as u8,
        batches,
        position: from.position,
    })
}

pub(super) fn decode_request(
    from: &wire::RequestProducer,
    partitions: u32,
) -> Result<(Bytes, RequestProducer), FormatError> {
    let acks = from.requests.iter().map(|request| {
        let count = request.partitions.len();
        if request.records.len() != count || request.base_offsets.len() != count {
            return None;
        }
        let rows = request
            .partitions
            .iter()
            .zip(&request.records)
            .zip(&request.base_offsets);
        let acks = rows.map(|((&partition, &records), &base_offset)| Ack {
            partition,
            records,
            base_offset,
        });
        Some(acks.collect::<Box<[Ack]>>()).filter(|acks| acks.iter().all(|ack| ack.partition < partitions))
    });
    let acks = acks.collect::<Option<std::collections::VecDeque<_>>>();
    let acks = acks.filter(|acks| (1..=PRODUCER_REQUESTS).contains(&acks.len()));
    let acks = acks.ok_or_else(|| corrupt("an HTTP producer that cannot be"))?;
    // The name is copied: as a slice it would keep the snapshot's bytes in memory.
    let name = Bytes::copy_from_slice(&from.name);
    Ok((
        name,
        RequestProducer {
            epoch: from.epoch,
            last: from.last,
            position: from.position,
            acks,
        },
    ))
}
