//! Inflates a body as it comes, and stops at the first byte too many: a bomb costs no more memory than the limit. Knows
//! no HTTP but the names of encodings.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::HeaderValue;

use super::{Budget, too_large};
use crate::http::problem::{Code, Problem};

/// A zstd frame may ask for a window of at most 2^23 bytes, the most that RFC 9659 lets a body have.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
const BROTLI_BUFFER_BYTES: usize = 16 << 10;

/// How a body is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// RFC 7932.
    Brotli,
}

impl Encoding {
    /// What the headers say.
    pub(super) fn of<'a>(mut values: impl Iterator<Item = &'a HeaderValue>) -> Result<Encoding, Problem> {
        let unsupported = || {
            Problem::new(
                Code::UnsupportedMediaType,
                "a body is encoded once, as one of gzip, zstd and br, or not at all",
            )
        };
        let Some(value) = values.next() else {
            return Ok(Encoding::Identity);
        };
        if values.next().is_some() {
            return Err(unsupported());
        }
        let name = value.to_str().map_err(|_| unsupported())?.trim().to_ascii_lowercase();
        match name.as_str() {
            "identity" => Ok(Encoding::Identity),
            "gzip" | "x-gzip" => Ok(Encoding::Gzip),
            "zstd" => Ok(Encoding::Zstd),
            "br" => Ok(Encoding::Brotli),
            _ => Err(unsupported()),
        }
    }
}

/// Takes compressed bytes and gathers what they inflate to.
pub(super) struct Inflate<B: Budget>(Decoder<B>);

enum Decoder<B: Budget> {
    Gzip(Box<MultiGzDecoder<Sink<B>>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Sink<B>>>),
    Brotli(Box<brotli::DecompressorWriter<Sink<B>>>),
    Identity(Sink<B>),
}

impl<B: Budget> Inflate<B> {
    pub(super) fn new(encoding: Encoding, bytes_max: usize, budget: B) -> Result<Inflate<B>, Problem> {
        let sink = Sink {
            bytes: Vec::new(),
            bytes_max,
            budget,
            refused: None,
        };
        Ok(Inflate(match encoding {
            Encoding::Identity => Decoder::Identity(sink),
            Encoding::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(sink))),
            Encoding::Brotli => Decoder::Brotli(Box::new(brotli::DecompressorWriter::new(sink, BROTLI_BUFFER_BYTES))),
            Encoding::Zstd => {
                let mut raw = zstd::stream::raw::Decoder::new().map_err(|error| wrong(&error))?;
                raw.set_parameter(zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))
                    .map_err(|error| wrong(&error))?;
                Decoder::Zstd(Box::new(zstd::stream::write::Decoder::with_decoder(sink, raw)))
            }
        }))
    }

    /// Takes more compressed bytes.
    pub(super) fn write(&mut self, data: &[u8]) -> Result<(), Problem> {
        let written = match &mut self.0 {
            Decoder::Identity(sink) => sink.write_all(data),
            Decoder::Gzip(decoder) => decoder.write_all(data),
            Decoder::Zstd(decoder) => decoder.write_all(data),
            Decoder::Brotli(decoder) => decoder.write_all(data),
        };
        written.map_err(|error| self.sink().refused.take().unwrap_or_else(|| wrong(&error)))
    }

    /// The inflated bytes.
    pub(super) fn finish(mut self) -> Result<(Bytes, B), Problem> {
        let finished = match &mut self.0 {
            Decoder::Identity(_) => Ok(()),
            Decoder::Gzip(decoder) => decoder.try_finish(),
            Decoder::Zstd(decoder) => decoder.flush(),
            Decoder::Brotli(decoder) => decoder.close(),
        };
        finished.map_err(|error| self.sink().refused.take().unwrap_or_else(|| wrong(&error)))?;
        let sink = match self.0 {
            Decoder::Identity(sink) => sink,
            Decoder::Gzip(decoder) => decoder.finish().map_err(|error| wrong(&error))?,
            Decoder::Zstd(decoder) => decoder.finish().map_err(|error| wrong(&error))?,
            Decoder::Brotli(decoder) => decoder
                .into_inner()
                .map_err(|_| wrong(&io::ErrorKind::UnexpectedEof.into()))?,
        };
        match sink.refused {
            Some(problem) => Err(problem),
            None => Ok((Bytes::from(sink.bytes), sink.budget)),
        }
    }

    fn sink(&mut self) -> &mut Sink<B> {
        match &mut self.0 {
            Decoder::Identity(sink) => sink,
            Decoder::Gzip(decoder) => decoder.get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut(),
            Decoder::Brotli(decoder) => decoder.get_mut(),
        }
    }
}

fn wrong(error: &io::Error) -> Problem {
    Problem::bad_request(format!("the body is not what its content-encoding says: {error}"))
}

/// Inflated bytes, as many as are allowed.
struct Sink<B> {
    bytes: Vec<u8>,
    bytes_max: usize,
    budget: B,
    refused: Option<Problem>,
}

impl<B: Budget> Write for Sink<B> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let length = self.bytes.len() + data.len();
        let held = if length > self.bytes_max {
            Err(too_large(self.bytes_max))
        } else {
            self.budget.hold(length)
        };
        match held {
            Ok(()) => {
                self.bytes.extend_from_slice(data);
                Ok(data.len())
            }
            Err(problem) => {
                self.refused = Some(problem);
                Err(io::Error::other("refused"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
