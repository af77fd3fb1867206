//! Lake files: Parquet that is both the history consumers replay and the table analysts query.
//!
//! Record batches of one topic become rows ([`LakeWriter`]), and rows become record batches again ([`LakeFile`]): every
//! record and every header exact. Pure: bytes in, bytes out. It names the ranges of a file that it needs and is given
//! their bytes; it knows no store, no ledger and no clock. No type of arrow or Parquet leaves it.

mod checks;
mod columns;
mod counts;
mod error;
mod file;
mod footer;
mod groups;
pub mod iceberg;
mod pages;
mod reading;
mod rebuild;
mod row;
mod rows;
mod settings;
mod source;
mod typed;
mod verify;
mod writer;

pub use error::LakeError;
pub use file::LakeFile;
pub use footer::{Footer, Part};
pub use reading::{Read, Reading, Step};
pub use rebuild::Rebuilt;
pub use settings::WriteSettings;
pub use source::Dropped;
pub use writer::{LakeWriter, Written};
