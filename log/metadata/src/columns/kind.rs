//! Types of columns, by the names that Iceberg gives them (<https://iceberg.apache.org/spec/#primitive-types>).

use std::fmt;
use std::str::FromStr;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// True or false.
    Boolean,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// A number of 32 bits (IEEE 754).
    Float,
    /// A number of 64 bits (IEEE 754).
    Double,
    /// An exact number.
    Decimal {
        /// Digits, 1 to 38.
        precision: u8,
        /// How many of them stand behind the point.
        scale: u8,
    },
    /// A day.
    Date,
    /// A time of day, in microseconds.
    Time,
    /// A day and a time of no zone, in microseconds.
    Timestamp,
    /// An instant, in microseconds.
    Timestamptz,
    /// Text.
    String,
    /// Sixteen bytes.
    Uuid,
    /// Bytes.
    Binary,
}

/// Those that have no numbers, by name.
const PLAIN: [(&str, ColumnType); 12] = [
    ("boolean", ColumnType::Boolean),
    ("int", ColumnType::Int),
    ("long", ColumnType::Long),
    ("float", ColumnType::Float),
    ("double", ColumnType::Double),
    ("date", ColumnType::Date),
    ("time", ColumnType::Time),
    ("timestamp", ColumnType::Timestamp),
    ("timestamptz", ColumnType::Timestamptz),
    ("string", ColumnType::String),
    ("uuid", ColumnType::Uuid),
    ("binary", ColumnType::Binary),
];

impl ColumnType {
    /// Whether a column of this type may become one of `other`, so that what was written still means the same: what Iceberg
    /// allows in version 2 of its tables.
    pub(crate) fn widens_to(self, other: Self) -> bool {
        match (self, other) {
            (Self::Int, Self::Long) | (Self::Float, Self::Double) => true,
            (
                Self::Decimal { precision, scale },
                Self::Decimal {
                    precision: wider,
                    scale: same,
                },
            ) => precision <= wider && scale == same,
            _ => self == other,
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Decimal { precision, scale } = self {
            return write!(to, "decimal({precision}, {scale})");
        }
        let named = PLAIN.iter().find(|(_, kind)| kind == self);
        to.write_str(named.map_or("", |(name, _)| name))
    }
}

impl FromStr for ColumnType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(numbers) = text.strip_prefix("decimal") {
            return decimal(numbers).ok_or_else(|| {
                format!(
                    "{text}: a decimal has 1 to 38 digits, and so many of them behind the point, as in decimal(10, 2)"
                )
            });
        }
        let named = PLAIN.iter().find(|(name, _)| *name == text);
        named.map(|&(_, kind)| kind).ok_or_else(|| {
            let names: Vec<&str> = PLAIN.iter().map(|&(name, _)| name).collect();
            format!("{text} is none of the types {}, decimal(P, S)", names.join(", "))
        })
    }
}

fn decimal(numbers: &str) -> Option<ColumnType> {
    let numbers = numbers.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    let (precision, scale) = numbers.split_once(',')?;
    let number = |text: &str| text.trim().parse::<u8>().ok();
    let (precision, scale) = (number(precision)?, number(scale)?);
    let can_be = (1..=38).contains(&precision) && scale <= precision;
    can_be.then_some(ColumnType::Decimal { precision, scale })
}
