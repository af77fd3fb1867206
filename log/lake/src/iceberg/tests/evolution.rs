//! A table whose columns change: what was written stays readable, and means what it meant.

use std::sync::Arc;

use ::iceberg::spec::{Datum, ManifestStatus, NestedFieldRef, Operation, PrimitiveType};
use metadata::Declared;

use super::*;
use crate::iceberg::avro;
use crate::iceberg::readings::{ReadBy, Readings};

impl Bucket {
    fn declare(&mut self, list: &str) {
        let declared = Declared::list(list).unwrap();
        self.columns = Arc::new(self.columns.changed(&declared).unwrap());
    }

    /// The typed columns of the newest schema.
    fn typed(&self) -> Vec<(String, i32, PrimitiveType)> {
        let metadata = self.metadata();
        let of = |field: &NestedFieldRef| {
            let kind = field.field_type.as_primitive_type()?.clone();
            (field.id >= 100).then(|| (field.name.clone(), field.id, kind))
        };
        let fields = metadata.current_schema().as_struct().fields();
        assert!(
            fields
                .iter()
                .filter(|field| field.id >= 100)
                .all(|field| !field.required)
        );
        fields.iter().filter_map(of).collect()
    }

    /// What manifests say of a column of each file, in the order of the files.
    fn bounds(&self, id: i32) -> Vec<Option<(Datum, Datum)>> {
        let list = avro::listed(&self.objects[self.list.as_ref().unwrap()]).unwrap();
        let entries = list
            .iter()
            .flat_map(|told| avro::entries(&self.objects[&told.manifest_path], told).unwrap());
        let alive = entries.filter(|entry| entry.status != ManifestStatus::Deleted);
        let mut bounds: Vec<_> = alive
            .map(|entry| {
                let file = entry.data_file;
                let bound = file
                    .lower_bounds()
                    .get(&id)
                    .cloned()
                    .zip(file.upper_bounds().get(&id).cloned());
                (file.file_path().to_owned(), bound)
            })
            .collect();
        bounds.sort_by(|one, other| one.0.cmp(&other.0));
        bounds.into_iter().map(|(_, bounds)| bounds).collect()
    }
}

#[test]
fn columns_come_widen_and_go() {
    let mut bucket = Bucket::default();
    bucket.publish(&[(1, 10)], 0, 9);
    assert_eq!(bucket.typed(), []);

    bucket.declare("n int, other string");
    bucket.publish(&[(1, 10), (2, 20), (9, 5)], 0, 9);
    let (int, long) = (PrimitiveType::Int, PrimitiveType::Long);
    let other = ("other".to_owned(), 101, PrimitiveType::String);
    assert_eq!(bucket.typed(), [("n".to_owned(), 100, int), other.clone()]);
    assert_eq!(
        bucket.bounds(100),
        [
            None,
            Some((Datum::int(0), Datum::int(19))),
            Some((Datum::int(0), Datum::int(4)))
        ]
    );

    // Widened, with the same files: no snapshot, another schema.
    bucket.declare("n long, other string");
    let snapshots = bucket.metadata().snapshots().len();
    bucket.publish(&[(1, 10), (2, 20), (9, 5)], 0, 9);
    assert_eq!(bucket.metadata().snapshots().len(), snapshots);
    assert_eq!(bucket.typed(), [("n".to_owned(), 100, long.clone()), other]);
    assert_eq!(bucket.metadata().current_snapshot().unwrap().schema_id(), Some(1));

    // The manifest of the file with int is written anew, for another of its files goes.
    bucket.publish(&[(2, 20), (3, 30)], 0, 9);
    let bounds = bucket.bounds(100);
    assert_eq!(
        bounds[0],
        Some((Datum::long(0), Datum::long(19))),
        "it was written as int"
    );
    assert_eq!(bounds[1], Some((Datum::long(0), Datum::long(29))));

    bucket.declare("n long");
    bucket.publish(&[(2, 20), (3, 30), (4, 1)], 0, 9);
    assert_eq!(bucket.typed(), [("n".to_owned(), 100, long)]);
    bucket.declare("other double from $.n, n long");
    bucket.publish(&[(2, 20), (3, 30), (4, 1), (5, 5)], 0, 9);
    assert_eq!(bucket.typed()[0], ("other".to_owned(), 102, PrimitiveType::Double));
    assert_eq!(
        bucket.bounds(102),
        [None, None, None, Some((Datum::double(0.0), Datum::double(4.0)))]
    );

    let metadata = bucket.metadata();
    let mut schemas: Vec<i32> = metadata.schemas_iter().map(|schema| schema.schema_id()).collect();
    schemas.sort_unstable();
    assert_eq!(schemas, [0, 1, 2, 3, 4], "those that snapshots have");
    assert_eq!(metadata.last_column_id(), 102);
    bucket.declare("");
    bucket.publish(&[(5, 5)], 0, 9);
    bucket.publish(&[(5, 5)], 6_500, 9);
    let metadata = bucket.metadata();
    let schemas: Vec<i32> = metadata.schemas_iter().map(|schema| schema.schema_id()).collect();
    assert_eq!(schemas, [5], "of the snapshots that are left");
    assert_eq!(metadata.last_column_id(), 102, "no id is given twice");
}

#[test]
fn a_merge_that_fills_new_columns_is_no_replacement() {
    let mut bucket = Bucket::default();
    bucket.publish(&[(1, 10), (2, 20)], 0, 9);
    bucket.publish(&[(3, 30)], 0, 9);
    assert_eq!(bucket.operation().0, Operation::Replace);
    bucket.declare("n int");
    bucket.publish(&[(4, 30)], 0, 9);
    assert_eq!(bucket.operation().0, Operation::Overwrite);
    bucket.publish(&[(5, 30)], 0, 9);
    assert_eq!(bucket.operation().0, Operation::Replace);
}

/// Another path, the same id: the records are the same, and what is read of them is not.
#[test]
fn a_merge_by_other_declarations_is_no_replacement() {
    let mut bucket = Bucket::default();
    let merged = |bucket: &mut Bucket, from: u64| {
        bucket.publish(&[(from, 10), (from + 1, 20)], 0, 2);
        bucket.publish(&[(from + 2, 30)], 0, 2);
        bucket.operation().0
    };
    bucket.declare("n int");
    assert_eq!(merged(&mut bucket, 1), Operation::Replace);
    bucket.declare("n int from $.m");
    bucket.publish(&[(4, 30)], 0, 2);
    assert_eq!(bucket.operation().0, Operation::Overwrite);
    // Of these declarations alone, whichever snapshots are told of still.
    bucket.publish(&[(5, 30)], 0, 2);
    assert_eq!(bucket.operation().0, Operation::Replace);
    bucket.publish(&[(5, 30), (6, 1)], 0, 2);
    bucket.declare("n int");
    bucket.publish(&[(5, 30), (6, 1), (7, 2)], 0, 2);
    bucket.publish(&[(5, 30), (8, 3)], 0, 2);
    assert_eq!(bucket.operation().0, Operation::Overwrite, "one of each");
    bucket.publish(&[(9, 33)], 0, 2);
    assert_eq!(
        bucket.operation().0,
        Operation::Overwrite,
        "one of them still is of the other"
    );
    // What is not said is not known.
    let mut readings = Readings::read("1:a 3:- 5:b");
    assert_eq!(readings.write().as_deref(), Some("1:a 3:- 5:b"));
    readings.note(7, &[ReadBy::Nothing].into());
    readings.note(8, &[ReadBy::Nothing, ReadBy::Known("b".to_owned())].into());
    readings.note(
        9,
        &[ReadBy::Known("c".to_owned()), ReadBy::Known("b".to_owned())].into(),
    );
    assert_eq!(readings.write().as_deref(), Some("1:a 3:- 5:b 9:-"));
    assert_eq!(Readings::read("else"), Readings::default());
}
