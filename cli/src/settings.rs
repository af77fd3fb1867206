//! `name=value` pairs of the command line.

use std::collections::BTreeMap;

use crate::exit::Ended;

/// One `name=value`, as given to `-c` and `-H`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    /// Before the first `=`.
    pub(crate) name: String,
    /// Behind it; may hold more of them.
    pub(crate) value: String,
}

impl std::str::FromStr for Pair {
    type Err = Ended;

    fn from_str(text: &str) -> Result<Pair, Ended> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Pair {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(Ended::usage(format!("`{text}` is not of the form name=value"))),
        }
    }
}

/// Pairs as a map; a name given twice is an error rather than a guess.
pub(crate) fn map(pairs: &[Pair]) -> Result<BTreeMap<String, String>, Ended> {
    let mut map = BTreeMap::new();
    for pair in pairs {
        if map.insert(pair.name.clone(), pair.value.clone()).is_some() {
            return Err(Ended::usage(format!("{} is given twice", pair.name)));
        }
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
