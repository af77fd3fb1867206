//! What is built, another implementation reads, and the other way round.

use bytes::BytesMut;
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, Record as TheirRecord, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};
use proptest::prelude::*;

use super::*;
use crate::{Limits, inflate, set_log_append_time, walk};

/// A record to come: timestamp, key, value, headers.
type Given = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

fn given() -> impl Strategy<Value = Vec<Given>> {
    let field = || prop::option::of(prop::collection::vec(any::<u8>(), 0..200));
    // The other implementation holds headers in a map, so names differ.
    let headers = prop::collection::hash_map("[a-zé]{0,9}", field(), 0..4).prop_map(|map| map.into_iter().collect());
    prop::collection::vec((-1_i64..1 << 45, field(), field(), headers), 1..30)
}

fn producer() -> impl Strategy<Value = Option<Producer>> {
    let some = (0_i64.., 0_i16.., 0_i32..1 << 30).prop_map(|(id, epoch, base_sequence)| Producer {
        id,
        epoch,
        base_sequence,
    });
    prop::option::of(some)
}

fn build(codec: Codec, producer: Option<Producer>, records: &[Given]) -> Batch {
    let mut builder = BatchBuilder::new(codec, producer);
    for (timestamp, key, value, headers) in records {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_deref()))
            .collect();
        builder
            .push(*timestamp, key.as_deref(), value.as_deref(), &headers)
            .unwrap();
    }
    builder.build().unwrap()
}

fn theirs(producer: Option<Producer>, records: &[Given]) -> Vec<TheirRecord> {
    let producer = producer.unwrap_or(Producer {
        id: -1,
        epoch: -1,
        base_sequence: -1,
    });
    let record = |(offset, (timestamp, key, value, headers)): (i32, &Given)| TheirRecord {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: -1,
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        timestamp_type: TimestampType::Creation,
        offset: i64::from(offset),
        // So they count even without a producer.
        sequence: producer.base_sequence + offset,
        timestamp: *timestamp,
        key: key.clone().map(Bytes::from),
        value: value.clone().map(Bytes::from),
        headers: headers
            .iter()
            .map(|(name, value)| (StrBytes::from_string(name.clone()), value.clone().map(Bytes::from)))
            .collect::<IndexMap<_, _>>(),
    };
    (0..).zip(records).map(record).collect()
}

fn decompress(compressed: &mut Bytes, compression: Compression) -> Result<Bytes, anyhow::Error> {
    let codec = Codec::from_number(compression as u8).unwrap();
    Ok(inflate(codec, compressed, 1 << 24)?)
}

proptest! {
    #[test]
    fn they_read_what_is_built(records in given(), producer in producer(), codec in prop::sample::select(&Codec::ALL)) {
        let batch = build(codec, producer, &records);
        prop_assert_eq!(Batch::verify(batch.bytes().clone(), &Limits::default()), Ok(batch.clone()));
        let read = RecordBatchDecoder::decode_with_custom_compression(&mut batch.into_bytes(), Some(decompress)).unwrap();
        prop_assert_eq!(read.records, theirs(producer, &records));
    }

    #[test]
    fn what_they_write_is_read(records in given(), producer in producer()) {
        let mut written = BytesMut::new();
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        RecordBatchEncoder::encode(&mut written, &theirs(producer, &records), &options).unwrap();
        let batch = Batch::verify(written.freeze(), &Limits::default()).unwrap();
        let read: Vec<Given> = walk(&batch, &Limits::default())
            .unwrap()
            .map(|record| {
                let record = record.unwrap();
                let text = |name: Bytes| String::from_utf8(name.to_vec()).unwrap();
                let vec = |bytes: Option<Bytes>| bytes.map(|bytes| bytes.to_vec());
                let headers = record.headers.iter().map(|(name, value)| (text(name), vec(value))).collect();
                (record.timestamp(batch.header()), vec(record.key), vec(record.value), headers)
            })
            .collect();
        prop_assert_eq!(read, records);
    }

    #[test]
    fn every_codec_holds_the_same_records(records in given()) {
        let walked = |codec| {
            let batch = build(codec, None, &records);
            walk(&batch, &Limits::default()).unwrap().collect::<Result<Vec<_>, _>>().unwrap()
        };
        let plain = walked(Codec::None);
        for codec in Codec::ALL {
            prop_assert_eq!(&walked(codec), &plain);
        }
    }

    #[test]
    fn they_agree_on_append_time(records in given(), ms in 0_i64..1 << 45) {
        let mut stamped = set_log_append_time(&build(Codec::None, None, &records), ms).into_bytes();
        let read = RecordBatchDecoder::decode_all(&mut stamped).unwrap();
        prop_assert!(read[0].records.iter().all(|record| record.timestamp_type == TimestampType::LogAppend));
    }
}

#[test]
fn an_empty_batch_is_not_built() {
    let builder = BatchBuilder::new(Codec::Zstd, None);
    assert!(builder.is_empty());
    assert_eq!(builder.build(), Err(BuildError::Empty));
}

#[test]
fn the_length_is_that_of_the_batch() {
    let mut builder = BatchBuilder::new(Codec::None, None);
    assert_eq!(builder.len_bytes(), HEADER_BYTES);
    for n in 0..200 {
        builder
            .push(n, Some(&[1; 70]), None, &[(b"a", Some(b"b")), (b"", None)])
            .unwrap();
    }
    assert_eq!(builder.records(), 200);
    assert_eq!(builder.len_bytes(), builder.build().unwrap().bytes().len());
}

#[test]
fn what_does_not_fit_changes_nothing() {
    let mut builder = BatchBuilder::new(Codec::None, None);
    builder.push_at(5, -10, None, None, &[]).unwrap();
    let before = builder.len_bytes();
    assert_eq!(
        builder.push(i64::MAX, None, None, &[]),
        Err(BuildError::Timestamp(i64::MAX))
    );
    assert_eq!(builder.push_at(5, 0, None, None, &[]), Err(BuildError::OffsetDelta(5)));
    assert_eq!(builder.push_at(i32::MAX, 0, None, None, &[]), Err(BuildError::TooLarge));
    assert_eq!((builder.len_bytes(), builder.records()), (before, 1));
}

#[test]
fn gaps_and_flags_stand_in_the_header() {
    let producer = Producer {
        id: 1,
        epoch: 2,
        base_sequence: 3,
    };
    let mut builder = BatchBuilder::new(Codec::Lz4, Some(producer))
        .transactional()
        .log_append_time(77);
    builder.push_at(3, 10, None, Some(b"a"), &[]).unwrap();
    builder.push_at(9, 5, None, Some(b"b"), &[]).unwrap();
    let batch = builder.build().unwrap();
    let header = batch.header();
    assert_eq!((header.last_offset_delta, header.records_count), (9, 2));
    assert_eq!((header.base_timestamp, header.max_timestamp), (10, 77));
    assert!(header.attributes.is_transactional());
    let deltas: Vec<_> = walk(&batch, &Limits::default())
        .unwrap()
        .map(|record| record.unwrap().offset_delta)
        .collect();
    assert_eq!(deltas, [3, 9]);
}

#[test]
fn a_batch_reaches_beyond_its_last_record_and_never_before_it() {
    let mut builder = BatchBuilder::new(Codec::None, None);
    builder.push_exact(7, 3, 10, Some(b"k"), None, &[]).expect("small");
    assert_eq!(builder.reach(2), Err(BuildError::OffsetDelta(2)));
    builder.reach(9).expect("beyond");
    let batch = builder.build().expect("one record");
    assert_eq!((batch.header().last_offset_delta, batch.records()), (9, 1));
    let records: Vec<_> = walk(&batch, &Limits::default())
        .expect("plain")
        .collect::<Result<_, _>>()
        .expect("whole");
    assert_eq!((records[0].attributes, records[0].offset_delta), (7, 3));
}

#[test]
fn timestamps_may_lie_as_far_apart_as_they_like_from_0() {
    assert_eq!(BatchBuilder::new(Codec::None, None).rebase(), Err(BuildError::Empty));
    let mut builder = BatchBuilder::new(Codec::None, None);
    let header = (&b"h"[..], Some(&b"v"[..]));
    let times = [5, i64::MIN + 5, i64::MAX];
    builder.push_at(2, times[0], Some(b"k"), None, &[header]).unwrap();
    builder.push(times[1], None, Some(b"v"), &[]).unwrap();
    let far = |builder: &mut BatchBuilder| builder.push(times[2], None, None, &[header]);
    assert_eq!(far(&mut builder), Ok(()));
    let mut builder = BatchBuilder::new(Codec::None, None);
    builder.push_at(2, times[1], Some(b"k"), None, &[header]).unwrap();
    assert_eq!(far(&mut builder), Err(BuildError::Timestamp(times[2])));
    builder.rebase().unwrap();
    far(&mut builder).unwrap();
    let batch = builder.build().unwrap();
    let all: Vec<_> = walk(&batch, &Limits::default()).unwrap().map(Result::unwrap).collect();
    let found: Vec<_> = all
        .iter()
        .map(|record| (record.offset_delta, record.timestamp(batch.header())))
        .collect();
    assert_eq!(found, [(2, times[1]), (3, times[2])]);
    assert_eq!(
        (batch.header().base_timestamp, batch.header().max_timestamp),
        (0, times[2])
    );
    // And a record goes over as it is.
    let mut again = BatchBuilder::new(Codec::None, None);
    for (record, (_, time)) in all.iter().zip(&found) {
        if again.push_record(record, *time).is_err() {
            again.rebase().unwrap();
            again.push_record(record, *time).unwrap();
        }
    }
    assert_eq!(again.build().unwrap(), batch);
}

proptest! {
    #[test]
    fn a_record_alone_is_read_as_it_was_written(given in given(), attributes in any::<i8>()) {
        for (timestamp, key, value, headers) in given {
            let record = Record {
                attributes,
                timestamp_delta: timestamp,
                offset_delta: 5,
                key: key.map(Into::into),
                value: value.map(Into::into),
                headers: headers.iter().map(|(name, value)| (name, value.as_ref())).collect(),
            };
            let bytes = record.encode();
            prop_assert_eq!(Record::decode(&bytes), Ok(record));
            prop_assert!(Record::decode(&bytes.slice(..bytes.len() - 1)).is_err());
        }
    }

    #[test]
    fn a_batch_is_made_again_of_what_follows_its_checksum(given in given(), base in 0..1_i64 << 40) {
        let mut builder = BatchBuilder::new(Codec::Lz4, None);
        for (timestamp, key, value, _) in &given {
            builder.push(*timestamp, key.as_deref(), value.as_deref(), &[]).expect("small");
        }
        let batch = builder.build().expect("not empty");
        let again = Batch::of_checksummed(base, &batch.checksummed()).expect("a batch");
        prop_assert_eq!(again.header().base_offset, base);
        prop_assert_eq!(&again.bytes()[16..], &batch.bytes()[16..]);
        prop_assert!(Batch::of_checksummed(base, &batch.checksummed()[..29]).is_err());
    }
}

#[test]
fn an_empty_batch_covers_offsets_and_has_no_records() {
    let batch = Batch::empty(100, 4);
    let header = batch.header();
    assert_eq!(
        (header.base_offset, header.last_offset(), header.records_count),
        (100, 104, 0)
    );
    assert_eq!(Batch::stored(batch.bytes().clone()).expect("its checksum fits"), batch);
    assert_eq!(walk(&batch, &Limits::default()).expect("plain").count(), 0);
}
