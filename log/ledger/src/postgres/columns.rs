//! A base record, and numbers, as the columns of a table hold them.

use tokio_postgres::{Error, Row};

use crate::backend::Base;
use crate::error::LedgerError;
use crate::ids::{ClusterId, Hash};

/// A base record as the columns hold it.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) cluster: Vec<u8>,
    pub(super) era: i64,
    pub(super) position: i64,
    pub(super) hash: Vec<u8>,
    pub(super) snapshot: String,
}

impl Columns {
    pub(super) fn of(row: &Row) -> Result<Columns, Error> {
        Ok(Columns {
            cluster: row.try_get(0)?,
            era: row.try_get(1)?,
            position: row.try_get(2)?,
            hash: row.try_get(3)?,
            snapshot: row.try_get(4)?,
        })
    }

    pub(super) fn from(base: &Base) -> Result<Columns, LedgerError> {
        Ok(Columns {
            cluster: base.cluster.0.to_vec(),
            era: column(base.era)?,
            position: column(base.position)?,
            hash: base.hash.0.to_vec(),
            snapshot: base.snapshot.clone(),
        })
    }

    pub(super) fn base(self) -> Result<Base, LedgerError> {
        let damaged = |_| LedgerError::CorruptBase {
            what: "a column has the wrong length".to_owned(),
        };
        Ok(Base {
            cluster: ClusterId(self.cluster.try_into().map_err(damaged)?),
            era: number(self.era)?,
            position: number(self.position)?,
            hash: Hash(self.hash.try_into().map_err(damaged)?),
            snapshot: self.snapshot,
        })
    }
}

/// A number as a column holds it.
pub(super) fn column(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| LedgerError::refused(format!("{number} is more than a column holds")))
}

pub(super) fn number(column: i64) -> Result<u64, LedgerError> {
    u64::try_from(column).map_err(|_| LedgerError::refused("a column holds a number below 0"))
}
