//! Where a body ends: a declared length, chunks, or the end of the connection. RFC 9112, sections 6 and 7.

use super::head::NotHttp;

/// Longer lines of chunk sizes and trailers are refused.
const LINE_BYTES_MAX: usize = 16 << 10;

/// How much of a body is still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
    /// Whatever comes until the connection ends.
    UntilClose,
}

/// Where in a chunked body one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line with the size of the next chunk; the digits so far, whether they have ended, and the line's length.
    Size { size: u64, ended: bool, line: usize },
    /// In a chunk, with so many bytes to come.
    Data(u64),
    /// In the line end behind a chunk.
    DataEnd,
    /// In the trailers; the length of the line.
    Trailer { line: usize },
    /// Behind it.
    Done,
}

/// A stretch at the beginning of some bytes that belongs to the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) len: usize,
    /// Content, not the frame around it.
    pub(crate) content: bool,
}

const FIRST: Chunks = Chunks::Size {
    size: 0,
    ended: false,
    line: 0,
};

fn usize_or_max(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn u64_of(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

impl Framing {
    pub(crate) const fn length(length: u64) -> Framing {
        Framing::Length(length)
    }

    pub(crate) const fn chunked() -> Framing {
        Framing::Chunked(FIRST)
    }

    /// Nothing more belongs to the body.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Framing::Length(0) | Framing::Chunked(Chunks::Done))
    }

    /// The bytes that are to come, where that is known.
    pub(crate) fn known(&self) -> Option<u64> {
        match self {
            Framing::Length(left) => Some(*left),
            Framing::Chunked(_) | Framing::UntilClose => None,
        }
    }

    /// Takes what the bytes, of which there is at least one, begin with: at least one of them unless the body is done.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<Run, NotHttp> {
        match self {
            Framing::UntilClose => Ok(Run {
                len: bytes.len(),
                content: true,
            }),
            Framing::Length(left) => {
                let len = bytes.len().min(usize_or_max(*left));
                *left -= u64_of(len);
                Ok(Run { len, content: true })
            }
            Framing::Chunked(chunks) => chunks.step(bytes),
        }
    }
}

impl Chunks {
    fn step(&mut self, bytes: &[u8]) -> Result<Run, NotHttp> {
        if let Chunks::Data(left) = self {
            let len = bytes.len().min(usize_or_max(*left));
            *left -= u64_of(len);
            if *left == 0 {
                *self = Chunks::DataEnd;
            }
            return Ok(Run { len, content: true });
        }
        let mut len = 0;
        for byte in bytes {
            if matches!(self, Chunks::Data(_) | Chunks::Done) {
                break;
            }
            *self = self.next(*byte)?;
            len += 1;
        }
        Ok(Run { len, content: false })
    }

    /// Where one is behind a byte that is not of a chunk's data.
    fn next(&self, byte: u8) -> Result<Chunks, NotHttp> {
        match (self, byte) {
            (Chunks::Size { line, .. } | Chunks::Trailer { line }, _) if *line >= LINE_BYTES_MAX => Err(NotHttp),
            (Chunks::Size { line: 0, .. }, b'\r' | b'\n' | b';') => Err(NotHttp),
            (Chunks::Size { size: 0, .. }, b'\n') => Ok(Chunks::Trailer { line: 0 }),
            (Chunks::Size { size, .. }, b'\n') => Ok(Chunks::Data(*size)),
            (&Chunks::Size { size, ended, line }, byte) => {
                let line = line + 1;
                match char::from(byte).to_digit(16) {
                    Some(digit) if !ended => {
                        let size = size.checked_mul(16).and_then(|size| size.checked_add(u64::from(digit)));
                        let size = size.ok_or(NotHttp)?;
                        Ok(Chunks::Size { size, ended, line })
                    }
                    None if !ended && !matches!(byte, b'\r' | b';' | b' ' | b'\t') => Err(NotHttp),
                    _ => Ok(Chunks::Size {
                        size,
                        ended: true,
                        line,
                    }),
                }
            }
            (Chunks::DataEnd, b'\r') => Ok(Chunks::DataEnd),
            (Chunks::DataEnd, b'\n') => Ok(FIRST),
            (Chunks::DataEnd, _) => Err(NotHttp),
            (Chunks::Trailer { line: 0 }, b'\n') => Ok(Chunks::Done),
            (Chunks::Trailer { .. }, b'\n') => Ok(Chunks::Trailer { line: 0 }),
            (Chunks::Trailer { line }, b'\r') => Ok(Chunks::Trailer { line: *line }),
            (Chunks::Trailer { line }, _) => Ok(Chunks::Trailer { line: line + 1 }),
            (Chunks::Data(_) | Chunks::Done, _) => Ok(self.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
