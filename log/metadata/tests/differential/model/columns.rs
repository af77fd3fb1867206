//! Typed columns in the model: the few lists that are drawn, read by cutting them at commas and spaces.

use std::collections::BTreeMap;

use metadata::Rejection;

/// Lists that are drawn; of the last, no column can be.
pub(crate) const LISTS: [&str; 6] = [
    "a int",
    "a long, b string",
    "b string, c date from $.x",
    "a string",
    "c date, a int, b string",
    "a nothing",
];

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Columns {
    /// Names, types and ids.
    pub(crate) known: Vec<(String, String, i32)>,
    /// All that ever were.
    pub(crate) ever: i32,
    pub(crate) version: u32,
}

pub(super) fn can_be(list: &str) -> bool {
    list != "a nothing"
}

impl Columns {
    /// Columns after a config, which says whether values are read and what for.
    pub(super) fn under(&self, config: &BTreeMap<String, String>) -> Result<Self, Rejection> {
        let invalid = |name: &str| {
            Err(Rejection::InvalidConfig {
                name: name.to_owned(),
                reason: String::new(),
            })
        };
        let list = config.get("lake.columns").map_or("", String::as_str);
        let is_json = config.get("lake.mode").is_some_and(|mode| mode == "json");
        if is_json && list.is_empty() {
            return invalid("lake.mode");
        }
        if !is_json && !list.is_empty() {
            return invalid("lake.columns");
        }
        let mut to = Self {
            known: Vec::new(),
            ..self.clone()
        };
        for column in list.split(", ").filter(|column| !column.is_empty()) {
            let mut words = column.split(' ');
            let (name, kind) = (words.next().unwrap(), words.next().unwrap());
            let id = match self.known.iter().find(|known| known.0 == name) {
                Some(known) if known.1 == kind || known.1 == "int" && kind == "long" => known.2,
                Some(_) => return invalid("lake.columns"),
                None => {
                    to.ever += 1;
                    99 + to.ever
                }
            };
            to.known.push((name.to_owned(), kind.to_owned(), id));
        }
        if to.known != self.known {
            to.version += 1;
        }
        Ok(to)
    }
}
