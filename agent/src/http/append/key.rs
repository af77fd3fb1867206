//! The key of a record taken from its value: `$.user.id`. Knows no partitions.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::problem::Problem;

/// Names on the way to a key, at most.
const NAMES_MAX: usize = 32;

/// The way to a key in a JSON value: names of members, from the outside in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyPath(Vec<String>);

/// A text that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key_path is $ and up to 32 names of members, as in $.user.id")]
pub(crate) struct NoKeyPath;

impl FromStr for KeyPath {
    type Err = NoKeyPath;

    fn from_str(text: &str) -> Result<KeyPath, NoKeyPath> {
        let names = text.strip_prefix("$.").ok_or(NoKeyPath)?;
        let names: Vec<String> = names.split('.').take(NAMES_MAX + 1).map(str::to_owned).collect();
        let wrong = names.len() > NAMES_MAX || names.iter().any(|name| name.is_empty() || name.contains(['[', ']']));
        if wrong { Err(NoKeyPath) } else { Ok(KeyPath(names)) }
    }
}

impl KeyPath {
    /// The way to a member of the value itself.
    pub(crate) fn member(name: &str) -> KeyPath {
        KeyPath(vec![name.to_owned()])
    }

    /// The key in a value, none when there is nothing or null on the way. When a name stands twice in an object, the
    /// last counts.
    ///
    /// # Errors
    /// `invalid_record` when it is an array or an object.
    pub(crate) fn of<'a>(&self, value: &'a str) -> Result<Option<Cow<'a, [u8]>>, Problem> {
        let mut here = value;
        for name in &self.0 {
            if !here.starts_with('{') {
                return Ok(None);
            }
            let found = Member(name).deserialize(&mut serde_json::Deserializer::from_str(here));
            match found.map_err(|error| super::values::malformed(&error))? {
                Some(member) => here = member.get(),
                None => return Ok(None),
            }
        }
        scalar(here)
    }
}

/// A key as it stands in JSON: the content of a string, the text of another scalar, none for null.
///
/// # Errors
/// `invalid_record` for an array or an object.
pub(crate) fn scalar(json: &str) -> Result<Option<Cow<'_, [u8]>>, Problem> {
    match json.as_bytes().first() {
        Some(b'"') => string(json).map(|text| match text {
            Cow::Borrowed(text) => Some(Cow::Borrowed(text.as_bytes())),
            Cow::Owned(text) => Some(Cow::Owned(text.into_bytes())),
        }),
        Some(b'{' | b'[') => Err(Problem::invalid_record(
            "a key is a string, a number, a boolean or null",
        )),
        _ if json == "null" => Ok(None),
        _ => Ok(Some(Cow::Borrowed(json.as_bytes()))),
    }
}

/// The content of a JSON string.
///
/// # Errors
/// `invalid_record` when it names half a character.
pub(crate) fn string(json: &str) -> Result<Cow<'_, str>, Problem> {
    let mut input = serde_json::Deserializer::from_str(json);
    input
        .deserialize_str(Text)
        .map_err(|error| super::values::malformed(&error))
}

/// Reads a string, borrowed where it has no escapes.
pub(crate) struct Text;

impl<'a> Visitor<'a> for Text {
    type Value = Cow<'a, str>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'a, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

impl<'a> DeserializeSeed<'a> for Text {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<Cow<'a, str>, D::Error> {
        input.deserialize_str(self)
    }
}

/// Finds one member of an object and passes the others by.
struct Member<'n>(&'n str);

impl<'a> DeserializeSeed<'a> for Member<'_> {
    type Value = Option<&'a RawValue>;

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for Member<'_> {
    type Value = Option<&'a RawValue>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = members.next_key_seed(Text)? {
            if name == self.0 {
                found = Some(members.next_value()?);
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
