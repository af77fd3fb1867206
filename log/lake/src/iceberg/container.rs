//! Avro files of which the same content has the same bytes. The Iceberg library keeps a column's counts in maps that it writes
//! in whatever order they have, and separates blocks by random bytes; here maps are in the order of their keys, and what
//! separates is a hash of the rest (<https://avro.apache.org/docs/1.12.0/specification/#object-container-files>).

use std::collections::BTreeMap;

use apache_avro::types::Value;
use apache_avro::{Reader, to_avro_datum};
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use crate::LakeError;

/// What every Avro file begins with.
const MAGIC: &[u8; 4] = b"Obj\x01";
/// Bytes that stand behind each block.
const MARKER_BYTES: usize = 16;

/// The same file, as it is always written.
pub(super) fn canonical(file: &[u8]) -> Result<Bytes, LakeError> {
    let wrong = |error: apache_avro::Error| LakeError::Table(error.to_string());
    let header = header(file).ok_or_else(|| LakeError::Table("not an Avro file".to_owned()))?;
    let mut reader = Reader::new(file).map_err(wrong)?;
    let schema = reader.writer_schema().clone();
    let (mut rows, mut count) = (Vec::new(), 0);
    for value in reader.by_ref() {
        let mut value = value.map_err(wrong)?;
        sort(&mut value);
        rows.extend(to_avro_datum(&schema, value).map_err(wrong)?);
        count += 1;
    }
    let mut whole = MAGIC.to_vec();
    write_long(&mut whole, header.len() as u64);
    for (key, value) in &header {
        write_bytes(&mut whole, key);
        write_bytes(&mut whole, value);
    }
    write_long(&mut whole, 0);
    let marker = Sha256::new().chain_update(&whole).chain_update(&rows).finalize();
    let marker = marker.get(..MARKER_BYTES).unwrap_or_default();
    whole.extend_from_slice(marker);
    if count > 0 {
        write_long(&mut whole, count);
        write_long(&mut whole, rows.len() as u64);
        whole.extend_from_slice(&rows);
        whole.extend_from_slice(marker);
    }
    Ok(whole.into())
}

/// Arrays of pairs, which is how Avro has maps whose keys are no strings, in the order of their keys.
fn sort(value: &mut Value) {
    match value {
        Value::Union(_, inner) => sort(inner),
        Value::Record(fields) => fields.iter_mut().for_each(|(_, value)| sort(value)),
        Value::Array(items) if items.iter().all(|item| key(item).is_some()) => items.sort_by_key(key),
        _ => {}
    }
}

fn key(item: &Value) -> Option<i32> {
    let Value::Record(fields) = item else { return None };
    match fields.iter().find(|(name, _)| name == "key")? {
        (_, Value::Int(key)) => Some(*key),
        _ => None,
    }
}

/// The file's own metadata.
fn header(file: &[u8]) -> Option<BTreeMap<Vec<u8>, Vec<u8>>> {
    let mut rest = file.strip_prefix(MAGIC)?;
    let mut header = BTreeMap::new();
    loop {
        let count = read_long(&mut rest)?;
        if count == 0 {
            return Some(header);
        }
        // A negative count is followed by the block's length.
        if count < 0 {
            read_long(&mut rest)?;
        }
        for _ in 0..count.unsigned_abs() {
            let key = read_bytes(&mut rest)?;
            header.insert(key, read_bytes(&mut rest)?);
        }
    }
}

fn read_bytes(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = usize::try_from(read_long(rest)?).ok()?;
    let (bytes, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(bytes.to_vec())
}

fn read_long(rest: &mut &[u8]) -> Option<i64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
    None
}

fn write_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    write_long(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// Lengths and counts, which are never negative.
fn write_long(to: &mut Vec<u8>, number: u64) {
    let mut rest = number << 1;
    while rest >= 0x80 {
        to.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    to.push(rest as u8);
}
