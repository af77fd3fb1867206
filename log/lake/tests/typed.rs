//! Files with typed columns, read by the Parquet library as a stranger reads them.

#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;
use bytes::Bytes;
use lake::{LakeWriter, WriteSettings, Written};
use metadata::{Declared, LakeColumns};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use records::{BatchBuilder, Codec};

fn columns(list: &str) -> LakeColumns {
    let declared = Declared::list(list).unwrap();
    LakeColumns::default().changed(&declared).unwrap()
}

fn write(columns: &LakeColumns, values: &[Option<&[u8]>]) -> Written {
    let mut writer = LakeWriter::new("topic", columns, WriteSettings::default()).unwrap();
    writer.begin(0, 0).unwrap();
    let mut batch = BatchBuilder::new(Codec::Zstd, None);
    for value in values {
        batch.push(1_000, None, *value, &[]).unwrap();
    }
    writer.push(&batch.build().unwrap(), 0).unwrap();
    writer.end(values.len() as i64 - 1).unwrap();
    let written = writer.finish().unwrap();
    written.verify(&written.bytes).unwrap();
    written
}

fn rows(written: &Written) -> RecordBatch {
    let reader = ParquetRecordBatchReaderBuilder::try_new(written.bytes.clone()).unwrap();
    let mut batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.len(), 1);
    batches.remove(0)
}

const FLIGHTS: &str = "origin string, temp double, time_hour timestamptz, city string from $.addr.city, price decimal(9, 2), \
                       day date, seats long, id uuid, raw binary, late boolean, small int, speed float, at time, local timestamp";

#[test]
fn values_become_columns() {
    let full = br#"{"origin": "JFK", "temp": 39.02, "time_hour": "2013-01-01T10:00:00Z", "addr": {"city": "New York"},
        "price": "120.50", "day": "2013-01-01", "seats": "9007199254740993", "id": "01020304-0506-0708-090a-0b0c0d0e0f10",
        "raw": "AQID", "late": true, "small": 7, "speed": 0.5, "at": "10:00:00", "local": "2013-01-01T05:00:00", "more": [1]}"#;
    let written = write(&columns(FLIGHTS), &[Some(full), Some(b"{}"), None]);
    let rows = rows(&written);
    let column = |name: &str| rows.column_by_name(name).unwrap();
    assert_eq!(column("origin").as_string::<i32>().value(0), "JFK");
    assert_eq!(column("city").as_string::<i32>().value(0), "New York");
    assert_eq!(column("temp").as_primitive::<Float64Type>().value(0), 39.02);
    assert_eq!(
        column("seats").as_primitive::<Int64Type>().value(0),
        9_007_199_254_740_993
    );
    assert_eq!(column("price").as_primitive::<Decimal128Type>().value(0), 12_050);
    assert_eq!(column("day").as_primitive::<Date32Type>().value(0), 15_706);
    let hour = column("time_hour").as_primitive::<TimestampMicrosecondType>();
    assert_eq!(hour.value(0), 1_357_034_400_000_000);
    assert_eq!(column("id").as_fixed_size_binary().value(0)[15], 16);
    assert_eq!(column("raw").as_binary::<i32>().value(0), [1, 2, 3]);
    let metadata = ParquetRecordBatchReaderBuilder::try_new(written.bytes.clone()).unwrap();
    let parquet = metadata.parquet_schema();
    for (at, field) in rows.schema().fields().iter().enumerate().skip(15) {
        assert_eq!(
            (column(field.name()).is_null(0), column(field.name()).null_count()),
            (false, 2),
            "{field}"
        );
        let info = parquet.root_schema().get_fields()[at].get_basic_info();
        assert_eq!(info.id(), 85 + at as i32, "{field}");
    }
    assert_eq!(column("schema_error").null_count(), 3);
    assert!(matches!(
        rows.schema().field_with_name("price").unwrap().data_type(),
        DataType::Decimal128(9, 2)
    ));
    let uuid = parquet.columns().iter().find(|column| column.name() == "id").unwrap();
    assert_eq!(uuid.logical_type_ref(), Some(&parquet::basic::LogicalType::Uuid));
}

#[test]
fn a_row_that_does_not_fit_keeps_its_value() {
    let values: [&[u8]; 5] = [
        br#"{"origin": "JFK", "temp": 1}"#,
        br#"{"origin": "JFK", "temp": "warm"}"#,
        b"not JSON",
        b"\xff",
        br#"{"origin": "LGA", "temp": 2}"#,
    ];
    let written = write(&columns("origin string, temp double"), &values.map(Some));
    let rows = rows(&written);
    let column = |name: &str| rows.column_by_name(name).unwrap();
    let (origin, temp) = (column("origin"), column("temp"));
    let nulls = |of: &dyn arrow_array::Array| (0..5).map(|at| of.is_null(at)).collect::<Vec<_>>();
    assert_eq!(nulls(origin), [false, true, true, true, false]);
    assert_eq!(nulls(temp), [false, true, true, true, false]);
    let why = column("schema_error").as_string::<i32>();
    assert_eq!(nulls(why), [true, false, false, false, true]);
    assert_eq!(why.value(1), "temp: \"warm\" is no double");
    assert!(why.value(2).starts_with("the value is not JSON"), "{}", why.value(2));
    assert_eq!(why.value(3), "the value is not UTF-8");
    let kept = column("kafka_value").as_binary::<i32>();
    assert_eq!((0..5).map(|at| kept.value(at)).collect::<Vec<_>>(), values);
}

#[test]
fn consumers_do_not_see_them() {
    let values: Vec<Vec<u8>> = (0..3000)
        .map(|n| format!("{{\"n\": {n}, \"m\": \"x\"}}").into_bytes())
        .collect();
    let values: Vec<Option<&[u8]>> = values.iter().map(|value| Some(&value[..])).collect();
    let read = |written: &Written| {
        let file = written.open(&written.bytes).unwrap();
        let (mut from, mut batches) = (0, Vec::new());
        while let Some(reading) = file.read(0, from, u64::MAX).unwrap() {
            let read = reading.over(&Bytes::clone(&written.bytes)).unwrap();
            batches.extend(read.batches);
            from = read.next;
        }
        batches
    };
    let (plain, typed) = (
        write(&LakeColumns::default(), &values),
        write(&columns("n long, m string"), &values),
    );
    assert_eq!(plain.footer.parts[0].hash, typed.footer.parts[0].hash);
    assert_eq!(read(&plain), read(&typed));
}

#[test]
fn every_flipped_bit_of_typed_columns_is_found() {
    let written = write(
        &columns("n long, s string"),
        &[Some(br#"{"n": 1, "s": "one"}"#), Some(b"{}")],
    );
    for at in 0..written.bytes.len() {
        let mut damaged = written.bytes.to_vec();
        damaged[at] ^= 1 << (at % 8);
        let error = written.verify(&damaged.into()).unwrap_err();
        assert!(error.to_string().contains("damaged"), "byte {at}: {error}");
    }
}
