use metadata::LakeColumns;
use records::{BatchBuilder, Codec};

use super::*;
use crate::{LakeFile, LakeWriter, WriteSettings};

/// A file of so many records, each a batch, of so many bytes of value.
fn file(values: &[(usize, usize)]) -> LakeFile {
    let settings = WriteSettings {
        zstd_level: 1,
        ..WriteSettings::default()
    };
    let mut writer = LakeWriter::new("topic", &LakeColumns::default(), settings).unwrap();
    writer.begin(0, 0).unwrap();
    let mut next = 0;
    for &(count, bytes) in values {
        let value = vec![0; bytes];
        for _ in 0..count {
            let mut batch = BatchBuilder::new(Codec::None, None);
            batch.push(1, None, Some(&value), &[]).unwrap();
            writer.push(&batch.build().unwrap(), next).unwrap();
            next += 1;
        }
    }
    writer.end(next - 1).unwrap();
    let written = writer.finish().unwrap();
    written.verify(&written.bytes).unwrap();
    written.open(&written.bytes).unwrap()
}

#[test]
fn fewer_rows_are_decoded_at_once_the_longer_they_are() {
    for (values, expect) in [
        (vec![(4_000, 100)], 1024),
        (vec![(1_000, 100), (4, (2 << 20) - 200)], 8),
        (vec![(3, 1 << 20), (1, (4 << 20) - 200), (100, 0)], 4),
        (vec![(1, 20 << 20)], 1),
    ] {
        let file = file(&values);
        let rows = rows_at_once(file.metadata(), 0, &file.projection());
        assert_eq!(rows, expect, "{values:?}");
        assert_eq!(rows_at_once(file.metadata(), 0, &ProjectionMask::all()), rows);
        // Of offsets alone any number is small.
        let offsets = ProjectionMask::leaves(file.arrow().parquet_schema(), [leaf(Column::Offset)]);
        let headers = file.metadata().row_group(0).column(leaf(Column::Headers)).num_values();
        assert!(headers > 0 && rows_at_once(file.metadata(), 0, &offsets) == ROWS_AT_ONCE);
    }
}
