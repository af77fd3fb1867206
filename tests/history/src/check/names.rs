//! Texts as small numbers. Each text is kept once, all in one string: there are millions of values.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// No number.
pub(crate) const NONE: u32 = u32::MAX;

/// Texts, numbered from 0 in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    /// Where each ends.
    ends: Vec<u64>,
    numbers: HashTable<u32>,
}

fn hash(text: &str) -> u64 {
    FxBuildHasher.hash_one(text)
}

fn at<'a>(text: &'a str, ends: &[u64], number: u32) -> &'a str {
    let number = number as usize;
    let end = |of: usize| usize::try_from(ends[of]).expect("it is in memory");
    let begin = if number == 0 { 0 } else { end(number - 1) };
    &text[begin..end(number)]
}

impl Names {
    /// The number of a text, a new one if it has none.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        let Names { text, ends, numbers } = self;
        let entry = numbers.entry(
            hash(name),
            |number| at(text, ends, *number) == name,
            |number| hash(at(text, ends, *number)),
        );
        let new = u32::try_from(ends.len()).expect("memory ends before the numbers do");
        let number = *entry.or_insert(new).get();
        if number == new {
            text.push_str(name);
            ends.push(text.len() as u64);
        }
        number
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> &str {
        at(&self.text, &self.ends, number)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests;
