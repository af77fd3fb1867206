//! A history as lines of JSON: writing, and reading one operation at a time.
//!
//! ```text
//! {"history":1}                                                                        version 1; always the first line
//! {"process":4,"invoked":10,"completed":17,"outcome":"ok","did":{"send":{...}}}        an operation
//! {"process":9,"invoked":12,"completed":12,"outcome":"info","why":"reset","did":...}
//! ```
//!
//! | field | what |
//! |---|---|
//! | `process` | number of the client; but for sends it does one thing at a time, and its lines stand in that order |
//! | `invoked`, `completed` | when the first attempt began and the last one ended, on one clock of the history |
//! | `outcome` | `ok`, `fail` (certainly not done, now or ever), `info` (nobody knows: one attempt had no definite answer) |
//! | `why` | in words, if there is something to say |
//! | `did` | an object whose one name is the kind, or `"crash"` |
//!
//! | kind | fields |
//! |---|---|
//! | `topic` | `topic`; `retained` (log starts move by themselves), `holes` (offsets without a record), `compacted` (records are replaced) |
//! | `delete` | `topic` |
//! | `trim` | `key`, `before`: the first offset that is to stay |
//! | `send` | `parts`: `key`, `values`, and `base` or `offsets` if told; `apart`: several requests; `producer`: `id`, `epoch`, `sequence` |
//! | `assign` | `from`: pairs of key and offset, null when it is not known |
//! | `subscribe` | `topics` |
//! | `poll` | `parts`: `key`, `from` (a seek), `records`: pairs of offset and value, `rebalanced`, `marks`; `last`; `basis` |
//! | `watermarks` | `basis`: `hint`, `carried`, `tip`; `marks`: pairs of key and `log_start`, `high_watermark`, `last_stable` |
//! | `commit` | `group`, `offsets`: pairs of key and offset; `settles` |
//! | `committed` | `group`, `offsets`: pairs of key and offset, null when nothing is committed |
//! | `prefix` | `key`, `from`, `end`, `hash` |
//! | `"crash"` | none |
//!
//! A **key** is `<topic>/<partition>`. A topic that was created again is another topic and needs another name. A part of a
//! send that any partition might have taken has the topic alone for its key. A **value** stands for one record and is the
//! only one of its kind; [`name_of`] makes a short one. A field that is false or not known is left out; an unknown field
//! is an error.
//!
//! A **send** is one request, which is in the log whole or not at all and whose records lie one behind the other in each
//! partition; `apart` says that it was several. A **poll** goes on where the one before had stopped, or at `from`. Those
//! that are `last` read each partition from its start to its end, at the end, when nothing is under way any more.
//! `basis` says what watermarks promise: a `hint` nothing, a `carried` one not to fall for this process, one of the `tip` to
//! be no older than its question. A commit that `settles` leaves those whose clients had given up before without effect.
//!
//! The **hash** of a prefix is a chain over its records in order, which begins with 32 zero bytes: SHA-256 over the hash so
//! far, the offset as 8 bytes, big-endian, and the value.

use std::io::{self, BufRead, Write};

use sha2::{Digest as _, Sha256};

use crate::Operation;

/// The version that is written, and the one that is read.
pub const VERSION: u32 = 1;

/// Values up to this many bytes are their own names.
const NAME_BYTES_MAX: usize = 64;

/// What is wrong with the lines of a history.
#[derive(Debug, thiserror::Error)]
pub enum LinesError {
    /// They cannot be read.
    #[error("cannot read line {line}")]
    Io {
        /// The line, from 1.
        line: u32,
        /// Why.
        source: io::Error,
    },
    /// The first line is not that of a history, or of one of another version.
    #[error("line 1 is not {{\"history\":{VERSION}}}")]
    Head,
    /// A line is no operation.
    #[error("line {line} is no operation")]
    Syntax {
        /// The line, from 1.
        line: u32,
        /// Why.
        source: serde_json::Error,
    },
    /// There are more lines than have numbers.
    #[error("more than 2^32 lines")]
    TooMany,
}

/// Writes operations.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
}

impl<W: Write> Writer<W> {
    /// Writes the first line.
    ///
    /// # Errors
    /// What the output says.
    pub fn new(mut out: W) -> io::Result<Writer<W>> {
        writeln!(out, "{{\"history\":{VERSION}}}")?;
        Ok(Writer { out })
    }

    /// Writes an operation.
    ///
    /// # Errors
    /// What the output says.
    pub fn write(&mut self, operation: &Operation) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, operation)?;
        self.out.write_all(b"\n")
    }

    /// Writes out what is buffered.
    ///
    /// # Errors
    /// What the output says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads operations, one after another. The operation of line `n` comes as its `n - 1`st.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    line: u32,
    buffer: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// Reads the first line.
    ///
    /// # Errors
    /// When it is not that of a history of this version.
    pub fn new(from: R) -> Result<Reader<R>, LinesError> {
        let mut reader = Reader {
            from,
            line: 0,
            buffer: Vec::new(),
        };
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Head {
            history: u32,
        }
        let some = reader.line()?;
        let head: Option<Head> = some.then(|| serde_json::from_slice(&reader.buffer).ok()).flatten();
        match head {
            Some(Head { history: VERSION }) => Ok(reader),
            _ => Err(LinesError::Head),
        }
    }

    /// Reads a line into the buffer. False at the end.
    fn line(&mut self) -> Result<bool, LinesError> {
        self.buffer.clear();
        self.line = self.line.checked_add(1).ok_or(LinesError::TooMany)?;
        let line = self.line;
        match self.from.read_until(b'\n', &mut self.buffer) {
            Ok(bytes) => Ok(bytes > 0),
            Err(source) => Err(LinesError::Io { line, source }),
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Operation, LinesError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.line() {
            Ok(false) => None,
            Ok(true) => {
                let line = self.line;
                Some(serde_json::from_slice(&self.buffer).map_err(|source| LinesError::Syntax { line, source }))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// A name for a value: itself when it is short, else its beginning and a hash of all of it. Equal values, and as far as
/// anyone can tell only those, have equal names.
pub fn name_of(value: &str) -> String {
    if value.len() <= NAME_BYTES_MAX {
        return value.to_owned();
    }
    let begins: String = value.chars().take(24).collect();
    let digest = Sha256::digest(value);
    let hash = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
    format!("{begins}...{}", hash.collect::<String>())
}

#[cfg(test)]
mod tests;
