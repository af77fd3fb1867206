//! Changes Protocol Buffers where they can be changed: a fuzzer that changes single bytes breaks the lengths around them.
//! Knows fields by their numbers and no message.

/// A field: its number and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field {
    number: u64,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Varint(u64),
    Fixed64([u8; 8]),
    Fixed32([u8; 4]),
    Bytes(Vec<u8>),
    /// Bytes that read as fields; they may have been meant as text.
    Message(Vec<Field>),
}

/// Messages within messages, at most.
const DEPTH_MAX: u32 = 8;
/// Values at which something changes.
const BORDERS: [u64; 12] = [
    0,
    1,
    2,
    127,
    128,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 48,
    i64::MAX as u64,
    u64::MAX,
];

/// Numbers that are drawn from a seed.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// The bytes with one field of some depth changed, doubled, moved or gone; none when they are no message.
/// `change` changes the inside of a field that is text or bytes.
#[must_use]
pub(crate) fn mutate(bytes: &[u8], seed: u64, change: &mut dyn FnMut(&mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut fields = read(bytes, 0)?;
    let mut dice = Dice(seed);
    if fields.is_empty() {
        fields.push(drawn(&mut dice));
    } else {
        mutate_one(&mut fields, &mut dice, change);
    }
    let mut out = Vec::with_capacity(bytes.len() + 16);
    write(&fields, &mut out);
    Some(out)
}

fn mutate_one(fields: &mut Vec<Field>, dice: &mut Dice, change: &mut dyn FnMut(&mut Vec<u8>)) {
    let at = dice.below(fields.len());
    // Downwards, mostly.
    if let Value::Message(inner) = &mut fields[at].value
        && !inner.is_empty()
        && dice.below(8) > 0
    {
        return mutate_one(inner, dice, change);
    }
    match dice.below(8) {
        0 => drop(fields.remove(at)),
        1 => fields.insert(at, fields[at].clone()),
        2 => {
            let other = dice.below(fields.len());
            fields.swap(at, other);
        }
        3 => fields.insert(at, drawn(dice)),
        4 => {
            let other = fields[dice.below(fields.len())].value.clone();
            fields[at].value = other;
        }
        _ => change_value(&mut fields[at].value, dice, change),
    }
}

fn drawn(dice: &mut Dice) -> Field {
    let value = match dice.below(4) {
        0 => Value::Bytes(Vec::new()),
        1 => Value::Bytes(vec![b'a'; dice.below(20)]),
        _ => Value::Varint(BORDERS[dice.below(BORDERS.len())]),
    };
    Field {
        number: 1 + dice.below(35) as u64,
        value,
    }
}

fn change_value(value: &mut Value, dice: &mut Dice, change: &mut dyn FnMut(&mut Vec<u8>)) {
    match value {
        Value::Varint(number) => {
            *number = match dice.below(4) {
                0 => BORDERS[dice.below(BORDERS.len())],
                1 => number.wrapping_add(1),
                2 => number.wrapping_sub(1),
                _ => dice.next() >> dice.below(64),
            }
        }
        Value::Fixed64(bytes) => *bytes = (dice.next() >> dice.below(64)).to_le_bytes(),
        Value::Fixed32(bytes) => bytes.rotate_left(1),
        Value::Bytes(bytes) => change(bytes),
        Value::Message(fields) => {
            let mut bytes = Vec::new();
            write(fields, &mut bytes);
            change(&mut bytes);
            *value = Value::Bytes(bytes);
        }
    }
}

fn read(mut bytes: &[u8], depth: u32) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let (number, kind) = (tag >> 3, tag & 7);
        if number == 0 || number >= 1 << 29 {
            return None;
        }
        let value = match kind {
            0 => Value::Varint(varint(&mut bytes)?),
            1 => Value::Fixed64(take(&mut bytes, 8)?.try_into().ok()?),
            5 => Value::Fixed32(take(&mut bytes, 4)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let inside = take(&mut bytes, length)?;
                let nested = if depth < DEPTH_MAX && !inside.is_empty() {
                    read(inside, depth + 1)
                } else {
                    None
                };
                nested.map_or_else(|| Value::Bytes(inside.to_vec()), Value::Message)
            }
            _ => return None,
        };
        fields.push(Field { number, value });
    }
    Some(fields)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn write(fields: &[Field], out: &mut Vec<u8>) {
    for Field { number, value } in fields {
        let mut tag = |kind: u64| put_varint(out, number << 3 | kind);
        match value {
            Value::Varint(number) => {
                tag(0);
                put_varint(out, *number);
            }
            Value::Fixed64(bytes) => {
                tag(1);
                out.extend(bytes);
            }
            Value::Fixed32(bytes) => {
                tag(5);
                out.extend(bytes);
            }
            Value::Bytes(bytes) => {
                tag(2);
                put_varint(out, bytes.len() as u64);
                out.extend(bytes);
            }
            Value::Message(fields) => {
                tag(2);
                let mut inside = Vec::new();
                write(fields, &mut inside);
                put_varint(out, inside.len() as u64);
                out.extend(inside);
            }
        }
    }
}

#[cfg(test)]
mod tests;
