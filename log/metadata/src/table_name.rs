//! The names of topics as tables: lower case, `.` and `-` as `_`. Pure; the same wherever tables are named.

use std::collections::BTreeMap;

use crate::ids::TopicNumber;
use crate::state::{State, Topic};

/// The name that a topic has as a table, unless an older topic has it.
pub fn table_name(topic: &str) -> String {
    let letter = |letter: char| match letter {
        '.' | '-' => '_',
        letter => letter.to_ascii_lowercase(),
    };
    topic.chars().map(letter).collect()
}

/// Every topic by its name as a table. Of those whose names would be one, the oldest has it, and the others have the first
/// of `name_2`, `name_3`... that no older topic has. So a table is renamed when an older topic of its name is deleted.
pub fn table_names(state: &State) -> BTreeMap<String, TopicNumber> {
    let mut topics: Vec<&Topic> = state.topics().collect();
    topics.sort_unstable_by_key(|topic| topic.number());
    let mut names = BTreeMap::new();
    for topic in topics {
        let wanted = table_name(topic.name());
        let mut name = wanted.clone();
        let mut count = 2..;
        while names.contains_key(&name)
            && let Some(count) = count.next()
        {
            name = format!("{wanted}_{count}");
        }
        names.insert(name, topic.number());
    }
    names
}

#[cfg(test)]
mod tests;
