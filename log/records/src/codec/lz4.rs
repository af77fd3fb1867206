//! LZ4's frame format, one or more frames. Integers are little-endian.
//!
//! ```text
//! 04 22 4D 18 | FLG | BD | content size u64, if FLG.3 | dictionary id u32, if FLG.0 | header checksum u8
//! blocks: length u32, bit 31: stored | bytes | block checksum u32, if FLG.4
//! 00 00 00 00 | content checksum u32, if FLG.2
//!
//! FLG: version 01 (7-6), blocks independent (5), block checksums (4), content size (3), content checksum (2), 0, dictionary (0)
//! BD:  0, largest block (6-4): 4..7 = 64 KiB, 256 KiB, 1 MiB, 4 MiB, 0000
//! ```
//!
//! Frames are read here and not by the codec's own reader, which allocates the largest block that a header claims,
//! 4 MiB and more, for however little follows. On writing: independent blocks of 64 KiB, which every Kafka client reads
//! (Java's refuses linked ones).

use std::io::Write;

use lz4_flex::block::{DecompressError, decompress_into_with_dict};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use twox_hash::XxHash32;

use super::{Codec, CodecError, corrupt, make_room};

const MAGIC: u32 = 0x184D_2204;
const HISTORY_BYTES: usize = 64 * 1024;
const STORED: u32 = 1 << 31;
/// One byte of a block makes at most 255.
const EXPANSION_MAX: usize = 255;

pub(super) fn inflate(input: &[u8], cap: usize) -> Result<Vec<u8>, CodecError> {
    let mut reader = Reader { rest: input };
    let mut out = Vec::new();
    while !reader.rest.is_empty() {
        read_frame(&mut reader, &mut out, cap)?;
    }
    Ok(out)
}

pub(super) fn compress(input: &[u8]) -> Result<Vec<u8>, CodecError> {
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::with_capacity(input.len() / 2 + 32));
    encoder.write_all(input).map_err(|e| corrupt(Codec::Lz4, e))?;
    encoder.finish().map_err(|e| corrupt(Codec::Lz4, e))
}

/// The input that was not read yet.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or_else(|| corrupt(Codec::Lz4, "cut short"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| corrupt(Codec::Lz4, "cut short"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, CodecError> {
        Ok(u32::from_le_bytes(self.array()?))
    }
}

/// What a frame's header says.
struct Frame {
    linked: bool,
    block_checksums: bool,
    content_checksum: bool,
    content_bytes: Option<u64>,
    block_bytes_max: usize,
}

impl Frame {
    fn read(reader: &mut Reader<'_>) -> Result<Self, CodecError> {
        if reader.u32()? != MAGIC {
            return Err(corrupt(Codec::Lz4, "not a frame"));
        }
        let descriptor = reader.rest;
        let [flags, sizes] = reader.array()?;
        if flags >> 6 != 1 || flags & 0b11 != 0 || sizes & 0x8f != 0 || sizes >> 4 < 4 {
            return Err(corrupt(Codec::Lz4, "header with flags that are not supported"));
        }
        let content_bytes = if flags & 0b1000 == 0 {
            None
        } else {
            Some(u64::from_le_bytes(reader.array()?))
        };
        let descriptor = &descriptor[..descriptor.len() - reader.rest.len()];
        let [stored] = reader.array()?;
        if stored != XxHash32::oneshot(0, descriptor).to_be_bytes()[2] {
            return Err(corrupt(Codec::Lz4, "header checksum does not fit"));
        }
        Ok(Self {
            linked: flags & 0b10_0000 == 0,
            block_checksums: flags & 0b1_0000 != 0,
            content_checksum: flags & 0b100 != 0,
            content_bytes,
            block_bytes_max: 1 << (2 * (sizes >> 4) + 8),
        })
    }

    fn read_block(
        &self,
        reader: &mut Reader<'_>,
        out: &mut Vec<u8>,
        start: usize,
        cap: usize,
    ) -> Result<bool, CodecError> {
        let length = reader.u32()?;
        if length == 0 {
            return Ok(false);
        }
        let bytes = (length & !STORED) as usize;
        if bytes > self.block_bytes_max {
            return Err(corrupt(Codec::Lz4, "block larger than the header allows"));
        }
        let block = reader.take(bytes)?;
        if self.block_checksums && reader.u32()? != XxHash32::oneshot(0, block) {
            return Err(corrupt(Codec::Lz4, "block checksum does not fit"));
        }
        if length & STORED == 0 {
            self.inflate_block(block, out, start, cap)?
        } else {
            store_block(block, out, cap)?
        }
        Ok(true)
    }

    fn inflate_block(&self, block: &[u8], out: &mut Vec<u8>, start: usize, cap: usize) -> Result<(), CodecError> {
        let had = out.len();
        let expected = self.block_bytes_max.min(block.len().saturating_mul(EXPANSION_MAX));
        let room = expected.min(cap - had);
        make_room(out, had + room, cap);
        out.resize(had + room, 0);
        let (before, into) = out.split_at_mut(had);
        let history = if self.linked {
            &before[start.max(had.saturating_sub(HISTORY_BYTES))..]
        } else {
            &[]
        };
        let made = decompress_into_with_dict(block, into, history).map_err(|e| match e {
            DecompressError::OutputTooSmall { .. } if room < expected => CodecError::TooLarge { cap },
            e => corrupt(Codec::Lz4, e),
        })?;
        out.truncate(had + made);
        Ok(())
    }
}

fn store_block(block: &[u8], out: &mut Vec<u8>, cap: usize) -> Result<(), CodecError> {
    if block.len() > cap - out.len() {
        return Err(CodecError::TooLarge { cap });
    }
    make_room(out, out.len() + block.len(), cap);
    out.extend_from_slice(block);
    Ok(())
}

fn read_frame(reader: &mut Reader<'_>, out: &mut Vec<u8>, cap: usize) -> Result<(), CodecError> {
    let frame = Frame::read(reader)?;
    let start = out.len();
    if frame.content_bytes.is_some_and(|bytes| bytes > (cap - start) as u64) {
        return Err(CodecError::TooLarge { cap });
    }
    while frame.read_block(reader, out, start, cap)? {}
    let content = &out[start..];
    if frame.content_bytes.is_some_and(|bytes| bytes != content.len() as u64) {
        return Err(corrupt(Codec::Lz4, "content is not as long as the header says"));
    }
    if frame.content_checksum && reader.u32()? != XxHash32::oneshot(0, content) {
        return Err(corrupt(Codec::Lz4, "content checksum does not fit"));
    }
    Ok(())
}
