//! Finds the wanted parts of a JSON document in one pass: what nobody asked for is passed by, and nothing is copied.

use std::fmt;

use metadata::{JsonStep, LakeColumn};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// What is wanted of a document.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    root: Node,
    leaves: usize,
}

/// What is wanted at one place, and below it.
#[derive(Debug, Default)]
struct Node {
    path: String,
    /// Which of the wanted parts it is.
    leaves: Vec<usize>,
    /// Sorted by name.
    members: Vec<(String, Node)>,
    /// Sorted.
    elements: Vec<(u32, Node)>,
}

/// The parts that were found, as they stand in the document.
type Found<'a> = Vec<Option<&'a str>>;

impl Wanted {
    pub(super) fn of(columns: &[LakeColumn]) -> Self {
        let mut root = Node {
            path: "$".to_owned(),
            ..Node::default()
        };
        for (at, column) in columns.iter().enumerate() {
            let steps = column.declared.path.steps().iter();
            steps.fold(&mut root, Node::step).leaves.push(at);
        }
        Self {
            root,
            leaves: columns.len(),
        }
    }

    /// The parts, in the order in which they were asked for; none for what is not there, or null. Of a member that stands
    /// twice in an object the last counts.
    pub(super) fn find<'a>(&self, document: &'a [u8]) -> Result<Found<'a>, String> {
        let text = std::str::from_utf8(document).map_err(|_| "the value is not UTF-8".to_owned())?;
        let mut found = vec![None; self.leaves];
        let mut input = serde_json::Deserializer::from_str(text);
        let read = self.root.within(&mut found).deserialize(&mut input);
        match read.and_then(|()| input.end()) {
            Ok(()) => Ok(found),
            Err(error) if error.is_data() => Err(error.to_string()),
            Err(error) => Err(format!("the value is not JSON: {error}")),
        }
    }
}

impl Node {
    fn step(&mut self, step: &JsonStep) -> &mut Node {
        let below = || Node {
            path: format!("{}{step}", self.path),
            ..Node::default()
        };
        match step {
            JsonStep::Member(name) => child(&mut self.members, name.clone(), below()),
            JsonStep::Element(at) => child(&mut self.elements, *at, below()),
        }
    }

    fn within<'w, 'f, 'a>(&'w self, found: &'f mut Found<'a>) -> At<'w, 'f, 'a> {
        At { node: self, found }
    }

    fn has_children(&self) -> bool {
        !self.members.is_empty() || !self.elements.is_empty()
    }

    /// Forgets what was found here and below.
    fn clear(&self, found: &mut Found<'_>) {
        for &leaf in &self.leaves {
            if let Some(slot) = found.get_mut(leaf) {
                *slot = None;
            }
        }
        let members = self.members.iter().map(|(_, node)| node);
        let elements = self.elements.iter().map(|(_, node)| node);
        members.chain(elements).for_each(|node| node.clear(found));
    }
}

fn child<K: Ord>(children: &mut Vec<(K, Node)>, key: K, new: Node) -> &mut Node {
    let at = match children.binary_search_by(|(known, _)| known.cmp(&key)) {
        Ok(at) => at,
        Err(at) => {
            children.insert(at, (key, new));
            at
        }
    };
    &mut children[at].1
}

/// A value that is read for what is wanted of it.
struct At<'w, 'f, 'a> {
    node: &'w Node,
    found: &'f mut Found<'a>,
}

impl<'a> DeserializeSeed<'a> for At<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<(), D::Error> {
        if self.node.leaves.is_empty() {
            return input.deserialize_any(self);
        }
        let raw: &'a RawValue = serde::Deserialize::deserialize(input)?;
        let text = raw.get();
        for &leaf in &self.node.leaves {
            if let Some(slot) = self.found.get_mut(leaf) {
                *slot = (text != "null").then_some(text);
            }
        }
        match self.node.has_children() {
            false => Ok(()),
            // Where the whole is wanted as well as parts of it, it is read once more.
            true => {
                let mut input = serde_json::Deserializer::from_str(text);
                input.deserialize_any(self).map_err(D::Error::custom)
            }
        }
    }
}

impl<'a> Visitor<'a> for At<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match (self.node.members.is_empty(), self.node.elements.is_empty()) {
            (false, true) => "an object",
            (true, false) => "an array",
            _ => "an object or an array",
        };
        write!(to, "{} to be {kind}", self.node.path)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { node, found } = self;
        if node.members.is_empty() {
            let kind = serde::de::Unexpected::Map;
            return Err(A::Error::invalid_type(kind, &node.within(found)));
        }
        while let Some(member) = map.next_key_seed(Member(&node.members))? {
            match member {
                None => drop(map.next_value::<IgnoredAny>()?),
                Some(member) => {
                    member.clear(found);
                    map.next_value_seed(member.within(found))?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { node, found } = self;
        if node.elements.is_empty() {
            let kind = serde::de::Unexpected::Seq;
            return Err(A::Error::invalid_type(kind, &node.within(found)));
        }
        let mut at = 0;
        for (wanted, element) in &node.elements {
            while at < *wanted {
                if seq.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(());
                }
                at += 1;
            }
            if seq.next_element_seed(element.within(found))?.is_none() {
                return Ok(());
            }
            at += 1;
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Reads the name of a member: which of the wanted ones it is.
struct Member<'w>(&'w [(String, Node)]);

impl<'a, 'w> DeserializeSeed<'a> for Member<'w> {
    type Value = Option<&'w Node>;

    fn deserialize<D: Deserializer<'a>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_str(self)
    }
}

impl<'w> Visitor<'_> for Member<'w> {
    type Value = Option<&'w Node>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let found = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name));
        Ok(found.ok().and_then(|at| self.0.get(at)).map(|(_, node)| node))
    }
}
