//! The values in a body: the elements of a JSON body, the lines of NDJSON. A value is a slice of the body, exactly as it
//! was sent, without the blanks around it; nothing is held for values that were handed on. Knows no records.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::http::problem::Problem;

/// The text of a body.
///
/// # Errors
/// `invalid_record` when it is not UTF-8.
pub(crate) fn text(body: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|error| {
        let at = error.valid_up_to();
        Problem::invalid_record(format!("the body is not UTF-8 at byte {at}")).with("byte", at)
    })
}

/// Hands on each value of a JSON body: with `flatten` the elements of an array, otherwise the body's one value.
///
/// # Errors
/// `invalid_record` when the body is not JSON, and the first error of `take`.
pub(crate) fn each_json<'a>(
    body: &'a str,
    flatten: bool,
    mut take: impl FnMut(&'a str) -> Result<(), Problem>,
) -> Result<(), Problem> {
    if flatten && body.trim_start_matches(BLANKS).starts_with('[') {
        return read(body, |input, failure| {
            input.deserialize_seq(Elements {
                take: &mut take,
                failure,
            })
        });
    }
    take(one(body)?)
}

/// Hands on each line of NDJSON that is not blank, with its number from 1.
///
/// # Errors
/// `invalid_record` when a line is not JSON, and the first error of `take`.
pub(crate) fn each_line<'a>(
    body: &'a str,
    mut take: impl FnMut(usize, &'a str) -> Result<(), Problem>,
) -> Result<(), Problem> {
    for (at, line) in body.split('\n').enumerate() {
        let line = line.trim_matches(BLANKS);
        if !line.is_empty() {
            take(at + 1, line)?;
        }
    }
    Ok(())
}

/// The one value of a text, without the blanks around it.
///
/// # Errors
/// `invalid_record` when it is not JSON.
pub(crate) fn one(text: &str) -> Result<&str, Problem> {
    serde_json::from_str::<&RawValue>(text)
        .map(RawValue::get)
        .map_err(|error| malformed(&error))
}

/// Text that is not JSON, or not of the shape expected.
pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
    Problem::invalid_record(format!("malformed JSON: {error}"))
}

/// What JSON takes for blanks.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

type Input<'a, 'b> = &'b mut serde_json::Deserializer<serde_json::de::StrRead<'a>>;

/// Reads a whole text with a visitor, which leaves the error of whoever takes its values in the slot it is given.
pub(crate) fn read<'a>(
    text: &'a str,
    visit: impl FnOnce(Input<'a, '_>, &mut Option<Problem>) -> Result<(), serde_json::Error>,
) -> Result<(), Problem> {
    let mut failure = None;
    let mut input = serde_json::Deserializer::from_str(text);
    let result = visit(&mut input, &mut failure).and_then(|()| input.end());
    match (failure, result) {
        (Some(problem), _) => Err(problem),
        (None, Err(error)) => Err(malformed(&error)),
        (None, Ok(())) => Ok(()),
    }
}

/// Hands on the elements of an array, one by one.
pub(crate) struct Elements<'f, F> {
    /// Who takes them.
    pub(crate) take: &'f mut F,
    /// Where its error goes.
    pub(crate) failure: &'f mut Option<Problem>,
}

impl<'a, F: FnMut(&'a str) -> Result<(), Problem>> Visitor<'a> for Elements<'_, F> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&'a RawValue>()? {
            if let Err(problem) = (self.take)(element.get()) {
                *self.failure = Some(problem);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

impl<'a, F: FnMut(&'a str) -> Result<(), Problem>> DeserializeSeed<'a> for Elements<'_, F> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_seq(self)
    }
}

#[cfg(test)]
mod tests;
