//! Where a value stands in a JSON document: `$.addr.city`, `$['first name']`, `$.legs[0]`.

use std::fmt;
use std::str::FromStr;

/// Most steps of a path.
const STEPS_MAX: usize = 32;

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum JsonStep {
    /// To the member of an object.
    Member(String),
    /// To the element of an array, counted from 0.
    Element(u32),
}

/// A path into a JSON document: the member and element steps of JSONPath (RFC 9535), which name one value at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Vec<JsonStep>);

/// A text that is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no path: it is $ and up to 32 steps, as in $.addr.city, $['first name'] or $.legs[0]")]
pub struct NotAPath(String);

impl JsonPath {
    /// That of a member of the document itself.
    pub fn member(name: &str) -> Self {
        Self(vec![JsonStep::Member(name.to_owned())])
    }

    /// Its steps; none for the whole document.
    pub fn steps(&self) -> &[JsonStep] {
        &self.0
    }

    /// Reads a path at the begin of a text, and gives what follows it.
    pub(super) fn read(text: &str) -> Result<(Self, &str), NotAPath> {
        let end = text.find([',', ' ', '\t', '\n']).unwrap_or(text.len());
        let wrong = || NotAPath(text.get(..end).unwrap_or_default().to_owned());
        let mut rest = text.strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        loop {
            let (step, after) = if let Some(name) = rest.strip_prefix('.') {
                let end = name.find(|c: char| c.is_whitespace() || ".,[]'\"".contains(c));
                let (name, after) = name.split_at(end.unwrap_or(name.len()));
                let step = (!name.is_empty()).then(|| JsonStep::Member(name.to_owned()));
                (step, after)
            } else if let Some(inner) = rest.strip_prefix('[') {
                bracket(inner).map_or((None, ""), |(step, after)| (Some(step), after))
            } else {
                return Ok((Self(steps), rest));
            };
            steps.push(step.filter(|_| steps.len() < STEPS_MAX).ok_or_else(wrong)?);
            rest = after;
        }
    }
}

/// A step in brackets, of which the first is gone, and what follows it.
fn bracket(inner: &str) -> Option<(JsonStep, &str)> {
    let quote = inner.chars().next().filter(|first| matches!(first, '\'' | '"'));
    if let Some(quote) = quote {
        let (name, after) = inner.get(1..)?.split_once(quote)?;
        return Some((JsonStep::Member(name.to_owned()), after.strip_prefix(']')?));
    }
    let (number, after) = inner.split_once(']')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let element = number.parse().ok().filter(|_| digits)?;
    Some((JsonStep::Element(element), after))
}

impl FromStr for JsonPath {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Self, NotAPath> {
        match Self::read(text)? {
            (path, "") => Ok(path),
            _ => Err(NotAPath(text.to_owned())),
        }
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("$")?;
        self.0.iter().try_for_each(|step| write!(to, "{step}"))
    }
}

impl fmt::Display for JsonStep {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(name) if is_plain(name) => write!(to, ".{name}"),
            Self::Member(name) if name.contains('\'') => write!(to, "[\"{name}\"]"),
            Self::Member(name) => write!(to, "['{name}']"),
            Self::Element(at) => write!(to, "[{at}]"),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || ".,[]'\"".contains(c))
}
