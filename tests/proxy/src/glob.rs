//! Patterns without regular expressions: `*` is any run of characters, slashes too, `?` is any one of them.

use serde::Deserialize;

/// A pattern that must fit from the first character to the last.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// The pattern of this text.
    pub fn new(pattern: impl Into<String>) -> Glob {
        Glob(pattern.into())
    }

    /// Whether the text fits.
    pub fn fits(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut at, mut from) = (0, 0);
        // The latest star, and where in the text its run ends so far. Only the latest need be tried again: an earlier one
        // that took more would leave the later ones less.
        let mut star: Option<(usize, usize)> = None;
        while from < text.len() {
            match pattern.get(at) {
                Some(b'*') => {
                    star = Some((at, from));
                    at += 1;
                }
                Some(&letter) if letter == b'?' || letter == text[from] => {
                    at += 1;
                    from += 1;
                }
                _ => {
                    let Some((begun, end)) = star else { return false };
                    star = Some((begun, end + 1));
                    (at, from) = (begun + 1, end + 1);
                }
            }
        }
        pattern[at..].iter().all(|letter| *letter == b'*')
    }
}

#[cfg(test)]
mod tests;
