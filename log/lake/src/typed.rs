//! The typed columns of rows, read out of values that are JSON. A value that does not fit leaves them all null and says why:
//! what a producer wrote stops nobody.

mod cell;
mod column;
mod extract;
mod number;

use arrow_array::ArrayRef;
use metadata::{LakeColumn, LakeColumns};
use sha2::{Digest as _, Sha256};

pub(crate) use self::column::data_type;

use self::cell::Cell;
use self::column::TypedColumn;
use self::extract::Wanted;

/// Bytes of a reason that are kept.
const WHY_BYTES_MAX: usize = 256;

/// How values are read, in a number that rises when the same value is read as another.
const READING: u32 = 1;

/// Names how typed columns are read of values: two files of which it is the same have the same for the same records. None where
/// there are no such columns.
pub(crate) fn read_by(columns: &LakeColumns) -> Option<String> {
    let mut all = format!("{READING}");
    for column in columns.columns() {
        // What is between two of them is in no path outside its quotes.
        let declared = &column.declared;
        all.push_str(&format!("\n{} {} {}", column.id, declared.kind, declared.path));
    }
    let hash = Sha256::digest(&all);
    let short = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    (!columns.columns().is_empty()).then_some(short)
}

/// Typed columns of rows to come.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    wanted: Wanted,
    columns: Vec<TypedColumn>,
    names: Vec<String>,
}

impl Typed {
    pub(crate) fn new(columns: &[LakeColumn]) -> Self {
        Self {
            wanted: Wanted::of(columns),
            columns: columns
                .iter()
                .map(|column| TypedColumn::new(column.declared.kind))
                .collect(),
            names: columns.iter().map(|column| column.declared.name.clone()).collect(),
        }
    }

    /// Adds a row of a record's value; why its columns are null, where it does not fit.
    pub(crate) fn row(&mut self, value: Option<&[u8]>) -> Option<String> {
        let read = match value {
            Some(value) if !self.columns.is_empty() => self.cells(value),
            _ => Ok(Vec::new()),
        };
        let (cells, why) = match read {
            Ok(cells) => (cells, None),
            Err(why) => (Vec::new(), Some(cut(why))),
        };
        let mut cells = cells.into_iter();
        for column in &mut self.columns {
            column.push(cells.next().flatten());
        }
        why
    }

    fn cells<'a>(&self, value: &'a [u8]) -> Result<Vec<Option<Cell<'a>>>, String> {
        let found = self.wanted.find(value)?;
        let columns = self.columns.iter().zip(&self.names);
        let cells = columns.zip(found).map(|((column, name), json)| {
            let cell = json.map(|json| Cell::read(column.kind(), json));
            cell.transpose().map_err(|why| format!("{name}: {why}"))
        });
        cells.collect()
    }

    /// The columns of all rows since the last time.
    pub(crate) fn take(&mut self) -> Vec<ArrayRef> {
        self.columns.iter_mut().map(TypedColumn::take).collect()
    }
}

fn cut(mut why: String) -> String {
    why.truncate(why.floor_char_boundary(WHY_BYTES_MAX));
    why
}

#[cfg(test)]
mod tests;
