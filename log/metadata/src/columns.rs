//! The typed columns of a topic's table: what is declared in `lake.columns`, and the field ids that the fold gives.
//!
//! Readers of Iceberg tables find a column by its id, so an id means one column for ever: a column that is widened or reads
//! another path keeps it, one that is dropped takes it along, and one of the same name later is another column
//! (<https://iceberg.apache.org/spec/#schema-evolution>).

mod kind;
mod parse;
mod path;

pub use kind::ColumnType;
pub use path::{JsonPath, JsonStep, NotAPath};

use parse::parse;

/// The field id of the first typed column. Those below are the columns that every table has, or will have.
pub const TYPED_COLUMN_IDS: i32 = 100;

/// A column as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name: 1 to 128 of `a-z`, `0-9` and `_`, the first no digit.
    pub name: String,
    /// Of which type its values are.
    pub kind: ColumnType,
    /// Where they stand in a record's value.
    pub path: JsonPath,
}

impl Declared {
    /// The columns that a list declares, the value of `lake.columns`; none where it is empty.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn list(text: &str) -> Result<Vec<Self>, String> {
        parse(text)
    }
}

/// A column with its field id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeColumn {
    /// Its field id, which no other column of the topic ever has.
    pub id: i32,
    /// What is declared.
    pub declared: Declared,
}

/// The typed columns of a topic, and which came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeColumns {
    pub(crate) columns: Vec<LakeColumn>,
    pub(crate) next_id: i32,
    pub(crate) version: u32,
}

impl Default for LakeColumns {
    /// None, and none before.
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            next_id: TYPED_COLUMN_IDS,
            version: 0,
        }
    }
}

impl LakeColumns {
    /// They themselves, in the order in which they are declared.
    pub fn columns(&self) -> &[LakeColumn] {
        &self.columns
    }

    /// How often a table of these became another: a number of its schema, from 0.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The greatest field id that a typed column ever had.
    pub fn last_id(&self) -> Option<i32> {
        (self.next_id > TYPED_COLUMN_IDS).then(|| self.next_id - 1)
    }

    /// The columns when these are declared: those of a known name keep their ids, others are given new ones.
    ///
    /// # Errors
    /// A type that became another one than a wider one; more columns than there are ids.
    pub fn changed(&self, declared: &[Declared]) -> Result<Self, String> {
        let mut to = Self {
            columns: Vec::with_capacity(declared.len()),
            ..self.clone()
        };
        for declared in declared {
            let known = self.columns.iter().find(|known| known.declared.name == declared.name);
            let id = match known {
                None => to.give_id()?,
                Some(known) if known.declared.kind.widens_to(declared.kind) => known.id,
                Some(known) => {
                    return Err(format!(
                        "{} is {} and cannot become {}: int may become long, float double, and a decimal one of more digits; \
                         drop the column, or give the new one another name",
                        declared.name, known.declared.kind, declared.kind
                    ));
                }
            };
            let declared = declared.clone();
            to.columns.push(LakeColumn { id, declared });
        }
        let shown = |of: &Self| -> Vec<(i32, ColumnType)> {
            let columns = of.columns.iter();
            columns.map(|column| (column.id, column.declared.kind)).collect()
        };
        if shown(self) != shown(&to) {
            to.version = self.version.checked_add(1).ok_or("it changed too often")?;
        }
        Ok(to)
    }

    fn give_id(&mut self) -> Result<i32, String> {
        let id = self.next_id;
        self.next_id = id.checked_add(1).ok_or("there were too many columns")?;
        Ok(id)
    }
}

#[cfg(test)]
mod tests;
