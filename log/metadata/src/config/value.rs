//! What a config's value may be.

use crate::columns::Declared;
use crate::limits::{CONFIG_VALUE_BYTES_MAX, LAKE_COLUMNS_BYTES_MAX};

/// A row of a table of configs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spec {
    /// Its name, as Kafka writes it.
    pub name: &'static str,
    /// Its value where nobody set one.
    pub default: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// Whether it does anything here.
    pub effect: Effect,
    /// What it is for, in a sentence.
    pub doc: &'static str,
}

/// Whether a config does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Tidelog does what it says.
    Honoured,
    /// It is kept and shown for tools that set it, and changes nothing.
    WithoutEffect,
}

/// What values a config takes. Numbers include both ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A whole number of 64 bits.
    Long(i64, i64),
    /// A whole number of 32 bits.
    Int(i32, i32),
    /// A fraction.
    Double(f64, f64),
    /// `true` or `false`.
    Bool,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// Typed columns.
    Columns,
    /// One value alone; the text says why no other.
    Only(&'static str, &'static str),
}

impl Kind {
    /// Kafka's name of the type, as `DescribeConfigs` tells it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Long(..) => "long",
            Self::Int(..) => "int",
            Self::Double(..) => "double",
            Self::Bool | Self::Only("true" | "false", _) => "boolean",
            Self::Choice(_) | Self::Text | Self::Columns => "string",
            Self::Only(value, _) if value.parse::<i64>().is_ok() => "long",
            Self::Only(..) => "string",
        }
    }

    /// Longest value, in bytes.
    pub(crate) fn bytes_max(&self) -> usize {
        match self {
            Self::Columns => LAKE_COLUMNS_BYTES_MAX,
            _ => CONFIG_VALUE_BYTES_MAX,
        }
    }

    /// Whether `value` is allowed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match *self {
            Self::Long(low, high) => number(value, low, high),
            Self::Int(low, high) => number(value, i64::from(low), i64::from(high)),
            Self::Double(low, high) => match value.parse::<f64>() {
                Ok(fraction) if (low..=high).contains(&fraction) => Ok(()),
                _ => Err(format!("not a number from {low} to {high}")),
            },
            Self::Bool if matches!(value, "true" | "false") => Ok(()),
            Self::Bool => Err("neither true nor false".to_owned()),
            Self::Choice(words) if words.contains(&value) => Ok(()),
            Self::Choice(words) => Err(format!("not one of {}", words.join(", "))),
            Self::Text => Ok(()),
            Self::Columns => Declared::list(value).map(|_| ()),
            Self::Only(only, _) if value == only => Ok(()),
            Self::Only(only, why) => Err(format!("only {only} is supported: {why}")),
        }
    }
}

fn number(value: &str, low: i64, high: i64) -> Result<(), String> {
    match value.parse::<i64>() {
        Ok(whole) if (low..=high).contains(&whole) => Ok(()),
        _ => Err(format!("not a whole number from {low} to {high}")),
    }
}
