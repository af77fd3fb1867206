use proptest::prelude::*;
use records::{BatchBuilder, Codec, walk};

use super::*;

fn target() -> Target {
    Target {
        topic: 1,
        partitions: 2,
        batch_bytes_max: 1_000,
        partition: Some(0),
        keyed: false,
        keyless: 0,
        timestamp: 5,
        codec: Codec::None,
        bytes_max: 1 << 20,
    }
}

fn read(body: &[u8], form: Form, common: &Common) -> Result<Vec<AppendRun>, Problem> {
    runs(&Bytes::copy_from_slice(body), form, common, &target())
}

type KeyAndValue = (Option<String>, Option<String>);

fn records_of(body: &str, form: Form, common: &Common) -> Vec<KeyAndValue> {
    let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    let runs = read(body.as_bytes(), form, common).unwrap();
    let batches = runs.iter().flat_map(|run| &run.batches);
    let records = batches.flat_map(|batch| walk(batch, &Limits::default()).unwrap());
    records
        .map(|record| record.unwrap())
        .map(|record| (record.key.map(text), record.value.map(text)))
        .collect()
}

fn values_of(body: &str, form: Form) -> Vec<String> {
    records_of(body, form, &Common::default())
        .into_iter()
        .map(|(_, value)| value.unwrap())
        .collect()
}

#[test]
fn values_are_stored_as_they_were_sent() {
    assert_eq!(
        values_of("[{\"a\" : 1.0}, 2 ]", Form::Json { flatten: true }),
        ["{\"a\" : 1.0}", "2"]
    );
    assert_eq!(
        values_of("[{\"a\" : 1.0}, 2 ]", Form::Json { flatten: false }),
        ["[{\"a\" : 1.0}, 2 ]"]
    );
    assert_eq!(
        values_of("{\"b\":1,\"a\":2}\r\n 7\n\n", Form::Lines),
        ["{\"b\":1,\"a\":2}", "7"]
    );
    assert_eq!(values_of(" any\nthing ", Form::Raw), [" any\nthing "]);
    assert_eq!(values_of("", Form::Raw), [""]);
    assert_eq!(values_of("{\"records\":[{\"value\":{ }}]}", Form::Structured), ["{ }"]);
    assert_eq!(
        values_of("{\"value\":1}\n{\"value\":\"x\"}\n", Form::StructuredLines),
        ["1", "\"x\""]
    );
}

#[test]
fn keys_come_from_the_request_or_from_each_value() {
    let by_path = Common {
        key_path: Some("$.id".parse().unwrap()),
        ..Common::default()
    };
    let literal = Common {
        key: Some(b"k".to_vec()),
        ..Common::default()
    };
    let keys =
        |body, form, common| -> Vec<_> { records_of(body, form, common).into_iter().map(|(key, _)| key).collect() };
    let some = |key: &str| Some(key.to_owned());
    assert_eq!(
        keys("{\"id\":1}\n{\"id\":\"b\"}\n{}", Form::Lines, &by_path),
        [some("1"), some("b"), None]
    );
    assert_eq!(
        keys("[1,2]", Form::Json { flatten: true }, &literal),
        [some("k"), some("k")]
    );
    assert_eq!(keys("x", Form::Raw, &literal), [some("k")]);
}

fn check(body: &str, form: Form, code: &str, place: &str, at: u64) {
    let problem = read(
        body.as_bytes(),
        form,
        &Common {
            key_path: "$.id".parse().ok(),
            ..Common::default()
        },
    );
    let problem = problem.unwrap_err().to_json("");
    assert_eq!(
        (problem["code"].as_str(), problem[place].as_u64()),
        (Some(code), Some(at)),
        "{problem}"
    );
}

#[test]
fn errors_say_where() {
    check(
        "[{},{\"id\":[]}]",
        Form::Json { flatten: true },
        "invalid_record",
        "record",
        1,
    );
    check("{}\n\n{\"id\":", Form::Lines, "invalid_record", "line", 3);
    check(
        "{\"records\":[{},{\"x\":1}]}",
        Form::Structured,
        "invalid_record",
        "record",
        1,
    );
    check(
        "{}\n{\"partition\":1}",
        Form::StructuredLines,
        "invalid_record",
        "line",
        2,
    );
    check(
        &format!("{{}}\n\"{}\"", "x".repeat(1_000)),
        Form::Lines,
        "record_too_large",
        "line",
        2,
    );
}

#[test]
fn a_body_without_records_is_refused() {
    for (body, form) in [
        ("[]", Form::Json { flatten: true }),
        ("\n \n", Form::Lines),
        ("", Form::Lines),
        ("{\"records\":[]}", Form::Structured),
        ("", Form::StructuredLines),
        ("", Form::Batches),
    ] {
        let problem = read(body.as_bytes(), form, &Common::default()).unwrap_err();
        assert_eq!(problem.code(), Code::InvalidRecord, "{form:?}");
    }
}

fn batch(producer: Option<records::Producer>, value: &str) -> Bytes {
    let mut builder = BatchBuilder::new(Codec::None, producer);
    builder.push(1, None, Some(value.as_bytes()), &[]).unwrap();
    builder.build().unwrap().into_bytes()
}

fn concatenated(batches: &[Bytes]) -> Vec<u8> {
    batches.concat()
}

#[test]
fn batches_are_taken_as_they_are() {
    let producer = |base_sequence| {
        Some(records::Producer {
            id: 9,
            epoch: 1,
            base_sequence,
        })
    };
    let body = concatenated(&[
        batch(None, "a"),
        batch(None, "b"),
        batch(producer(3), "c"),
        batch(producer(4), "d"),
    ]);
    let common = Common {
        expected_offset: Some(42),
        ..Common::default()
    };
    let runs = read(&body, Form::Batches, &common).unwrap();
    let shape: Vec<_> = runs
        .iter()
        .map(|run| {
            (
                run.batches.len(),
                run.producer.map(|p| p.base_sequence),
                run.expected_offset,
            )
        })
        .collect();
    assert_eq!(shape, [(2, None, Some(42)), (1, Some(3), None), (1, Some(4), None)]);
    let stored: Vec<u8> = runs
        .iter()
        .flat_map(|run| &run.batches)
        .flat_map(|batch| batch.bytes().to_vec())
        .collect();
    assert_eq!(stored, body);
}

#[test]
fn wrong_batches_are_named() {
    let good = batch(None, "a");
    let changed = |at: usize, to: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = to;
        bytes
    };
    let check = |body: &[u8], text: &str| {
        let problem = read(body, Form::Batches, &Common::default()).unwrap_err().to_json("");
        assert!(problem["title"].as_str().unwrap().contains(text), "{problem}");
    };
    check(
        &concatenated(&[good.clone(), Bytes::from(changed(good.len() - 1, b'x'))]),
        "batch 1: checksum",
    );
    check(&good[..good.len() - 1], "batch 0: batch is cut short");
    check(&changed(16, 1), "batch 0: magic");
    check(b"hello", "batch 0");
    // A wrong count under a right checksum.
    let mut count = changed(60, 2);
    let sum = crc32c::crc32c(&count[21..]).to_be_bytes();
    count[17..21].copy_from_slice(&sum);
    check(&count, "batch 0: 2 records do not fit");
    let nowhere = Target {
        partition: Some(2),
        ..target()
    };
    let problem = runs(&good, Form::Batches, &Common::default(), &nowhere).unwrap_err();
    assert_eq!(problem.code(), Code::PartitionNotFound);
}

fn any_form() -> impl Strategy<Value = Form> {
    proptest::sample::select(vec![
        Form::Json { flatten: true },
        Form::Json { flatten: false },
        Form::Lines,
        Form::Raw,
        Form::Structured,
        Form::StructuredLines,
        Form::Batches,
    ])
}

/// Bytes that come near to being a body.
fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let piece = proptest::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "\"records\":",
        "\"value\":",
        "\"key\":",
        "\"id\":",
        "null",
        "1",
        "\"x\"",
        ",",
        "\n",
        " ",
        "\\u0000",
        "\"headers\":[[\"a\",\"b\"]]",
        "\"partition\":0",
        "\"timestamp\":1",
    ]);
    let pieces = proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![pieces, proptest::collection::vec(any::<u8>(), 0..100)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_body_is_the_agents_fault(body in any_body(), form in any_form(), by_path: bool) {
        let key_path = by_path.then(|| "$.id".parse().unwrap());
        if let Err(problem) = read(&body, form, &Common { key_path, ..Common::default() }) {
            prop_assert!(problem.code().status().is_client_error(), "{:?}", problem);
        }
    }

    #[test]
    fn no_batch_is_the_agents_fault(at in 0_usize..70, to: u8, seal: bool) {
        let mut body = batch(None, "value").to_vec();
        if let Some(byte) = body.get_mut(at) {
            *byte = to;
        }
        if seal {
            let sum = crc32c::crc32c(&body[21..]).to_be_bytes();
            body[17..21].copy_from_slice(&sum);
        }
        if let Err(problem) = read(&body, Form::Batches, &Common::default()) {
            prop_assert!(problem.code().status().is_client_error(), "{:?}", problem);
        }
    }
}

#[test]
fn what_is_compacted_by_key_has_keys() {
    let keyed = Target {
        keyed: true,
        ..target()
    };
    let read = |body: &[u8], form, common: &Common| runs(&Bytes::copy_from_slice(body), form, common, &keyed);
    let common = Common {
        key: Some(b"k".to_vec()),
        ..Common::default()
    };
    assert_eq!(read(b"{}", Form::Lines, &common).map(|runs| runs.len()).ok(), Some(1));
    let problem = read(b"{}", Form::Lines, &Common::default()).unwrap_err();
    assert_eq!(
        (problem.code().name(), &problem.to_json("")["line"]),
        ("invalid_record", &1.into())
    );
    let batch = |keys: &[Option<&[u8]>]| {
        let mut builder = records::BatchBuilder::new(Codec::Lz4, None);
        keys.iter().for_each(|key| builder.push(5, *key, None, &[]).unwrap());
        builder.build().unwrap().into_bytes()
    };
    let of = |bytes: &[u8]| read(bytes, Form::Batches, &Common::default());
    assert!(of(&batch(&[Some(b"a"), Some(b"")])).is_ok());
    let both = [batch(&[Some(b"a")]), batch(&[Some(b"a"), None])].concat();
    let problem = of(&both).unwrap_err();
    assert_eq!(
        (problem.code().name(), &problem.to_json("")["record"]),
        ("invalid_record", &1.into())
    );
    // What cannot be read could not be compacted.
    let mut garbage = batch(&[Some(b"a")])[..70].to_vec();
    let length = i32::try_from(garbage.len() - 12).unwrap();
    garbage[8..12].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32c::crc32c(&garbage[21..]);
    garbage[17..21].copy_from_slice(&checksum.to_be_bytes());
    assert_eq!(of(&garbage).unwrap_err().code().name(), "invalid_record");
    assert!(runs(&garbage.into(), Form::Batches, &Common::default(), &target()).is_ok());
}
