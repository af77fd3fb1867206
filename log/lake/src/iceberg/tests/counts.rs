//! What readers leave a file out by: bounds that pass over no value, and counts of nulls.

use std::collections::BTreeMap;

use ::iceberg::spec::{DataFile, Datum};
use metadata::Declared;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use parquet::file::statistics::Statistics;

use super::*;
use crate::iceberg::avro;

/// An opened file of batches of such values, each a row group.
fn opened(columns: &LakeColumns, batches: &[&[Option<&str>]]) -> LakeFile {
    let settings = WriteSettings {
        group_bytes: 1,
        page_rows_max: 1,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new("topic", columns, settings).unwrap();
    writer.begin(0, 0).unwrap();
    let mut next = 0;
    for values in batches {
        let mut batch = BatchBuilder::new(Codec::None, None);
        for value in *values {
            let value = value.map(|number| format!(r#"{{"f":{number},"d":{number},"n":1}}"#));
            batch
                .push(1, Some(b"k"), value.as_ref().map(String::as_bytes), &[])
                .unwrap();
        }
        writer.push(&batch.build().unwrap(), next).unwrap();
        next += i64::try_from(values.len()).unwrap();
    }
    writer.end(next - 1).unwrap();
    let written = writer.finish().unwrap();
    written.verify(&written.bytes).unwrap();
    written.open(&written.bytes).unwrap()
}

fn columns() -> Arc<LakeColumns> {
    let declared = Declared::list("f float, d double, n long").unwrap();
    Arc::new(LakeColumns::default().changed(&declared).unwrap())
}

/// As a manifest tells of it.
fn told(file: &LakeFile, columns: &Arc<LakeColumns>) -> DataFile {
    let file = TableFile::new(file, &identity(columns), location(1)).unwrap();
    let mut bucket = Bucket {
        columns: Arc::clone(columns),
        ..Bucket::default()
    };
    let next = Next {
        identity: &identity(columns),
        files: [location(1)].into(),
        new: vec![file],
        position: 1,
        era: 0,
        sequence: 1,
        at_ms: 1,
        since_ms: 0,
        snapshots_max: 9,
    };
    let draft = Draft::new(None, next).unwrap();
    let made: Vec<String> = draft.manifests().map(|bytes| bucket.put("0.avro", bytes)).collect();
    let list = avro::listed(&draft.list(&made).unwrap().unwrap()).unwrap();
    let mut entries = avro::entries(&bucket.objects[&made[0]], &list[0]).unwrap();
    entries.remove(0).data_file
}

fn nans(told: &DataFile) -> BTreeMap<i32, u64> {
    told.nan_value_counts()
        .iter()
        .map(|(id, count)| (*id, *count))
        .collect()
}

/// The bounds of a leaf in each row group, and its nulls.
fn bounds(file: &LakeFile, leaf: usize) -> Vec<(Option<f64>, Option<f64>, Option<u64>)> {
    let groups = file.metadata().row_groups().iter();
    let of = |statistics: &Statistics| match statistics {
        Statistics::Float(of) => (of.min_opt().map(|&min| min.into()), of.max_opt().map(|&max| max.into())),
        Statistics::Double(of) => (of.min_opt().copied(), of.max_opt().copied()),
        other => panic!("{other:?}"),
    };
    let all = groups.map(|group| group.column(leaf).statistics().unwrap());
    all.map(|statistics| (of(statistics).0, of(statistics).1, statistics.null_count_opt()))
        .collect()
}

#[test]
fn where_a_number_is_none_there_are_no_bounds() {
    let columns = columns();
    let nan = Some(r#""NaN""#);
    let file = opened(
        &columns,
        &[&[Some("1.5"), Some("2.5")], &[nan, Some("1.0"), None], &[Some("9.0")]],
    );
    for leaf in [16, 17] {
        let expect = [
            (Some(1.5), Some(2.5), Some(0)),
            (None, None, Some(1)),
            (Some(9.0), Some(9.0), Some(0)),
        ];
        assert_eq!(bounds(&file, leaf), expect);
        let index = &file.metadata().column_index().unwrap()[1][leaf];
        assert!(matches!(index, ColumnIndexMetaData::NONE));
    }
    let told = told(&file, &columns);
    assert_eq!(nans(&told), [(100, 1), (101, 1)].into());
    let has_bounds = |id| {
        (
            told.lower_bounds().contains_key(&id),
            told.upper_bounds().contains_key(&id),
        )
    };
    assert_eq!(
        [100, 101, 102].map(has_bounds),
        [(false, false), (false, false), (true, true)]
    );
    assert_eq!(told.null_value_counts()[&100], 1);
}

#[test]
fn without_one_there_are() {
    let columns = columns();
    let file = opened(&columns, &[&[Some("1.5"), Some("2.5")], &[Some("9.0"), None]]);
    let told = told(&file, &columns);
    assert_eq!(nans(&told), [(100, 0), (101, 0)].into());
    assert_eq!(told.lower_bounds()[&101], Datum::double(1.5));
    assert_eq!(told.upper_bounds()[&100], Datum::float(9.0));
}

#[test]
fn nulls_are_counted_where_there_are_no_bounds() {
    let columns = columns();
    let file = opened(&columns, &[&[Some("1"), None], &[None, None, Some("2")]]);
    let told = told(&file, &columns);
    let nulls = |column: Column| told.null_value_counts()[&column.id()];
    assert_eq!([Column::Key, Column::Value, Column::Raw].map(nulls), [0, 3, 5]);
    assert_eq!(told.value_counts()[&Column::Value.id()], 5);
}
