//! What lies in the table: items of named attributes. It knows their types, not what they mean.
//!
//! ```text
//! an entry   log_segment  S   LOG "/" (position / 65536)
//!            position     N   the entry's position
//!            bytes        B   the envelope as it was put
//!
//! the base   log_segment  S   LOG "/base"
//!            position     N   0
//!            cluster      B   16 bytes
//!            era          N
//!            base         N   the position that the base names
//!            hash         B   32 bytes
//!            snapshot     S   empty at genesis
//! ```

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use bytes::Bytes;

use crate::dynamodb::address::Key;

pub(in crate::dynamodb) const SEGMENT: &str = "log_segment";
pub(in crate::dynamodb) const POSITION: &str = "position";
pub(in crate::dynamodb) const BYTES: &str = "bytes";
pub(in crate::dynamodb) const CLUSTER: &str = "cluster";
pub(in crate::dynamodb) const ERA: &str = "era";
pub(in crate::dynamodb) const BASE: &str = "base";
pub(in crate::dynamodb) const HASH: &str = "hash";
pub(in crate::dynamodb) const SNAPSHOT: &str = "snapshot";

/// The attributes of an item as the SDK holds them.
pub(super) type Attributes = HashMap<String, AttributeValue>;

/// An item of the table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::dynamodb) struct Item(pub(super) Attributes);

impl Item {
    /// An item that holds its key and nothing else.
    pub(in crate::dynamodb) fn at(key: &Key) -> Item {
        Item(HashMap::new())
            .with_text(SEGMENT, &key.segment)
            .with_number(POSITION, key.position)
    }

    pub(in crate::dynamodb) fn with_text(self, name: &str, text: &str) -> Item {
        self.with(name, AttributeValue::S(text.to_owned()))
    }

    pub(in crate::dynamodb) fn with_number(self, name: &str, number: u64) -> Item {
        self.with(name, AttributeValue::N(number.to_string()))
    }

    pub(in crate::dynamodb) fn with_bytes(self, name: &str, bytes: &[u8]) -> Item {
        self.with(name, AttributeValue::B(Blob::new(bytes)))
    }

    fn with(mut self, name: &str, value: AttributeValue) -> Item {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(in crate::dynamodb) fn text(&self, name: &str) -> Option<&str> {
        Some(self.0.get(name)?.as_s().ok()?)
    }

    pub(in crate::dynamodb) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    pub(in crate::dynamodb) fn bytes(&self, name: &str) -> Option<&[u8]> {
        Some(self.0.get(name)?.as_b().ok()?.as_ref())
    }

    /// Takes the bytes out, without a copy.
    pub(in crate::dynamodb) fn take_bytes(&mut self, name: &str) -> Option<Bytes> {
        match self.0.remove(name)? {
            AttributeValue::B(blob) => Some(Bytes::from(blob.into_inner())),
            _ => None,
        }
    }

    /// The key, if it is one.
    pub(in crate::dynamodb) fn key(&self) -> Option<Key> {
        Some(Key {
            segment: self.text(SEGMENT)?.to_owned(),
            position: self.number(POSITION)?,
        })
    }
}

/// A condition on an item, with what stands in it for names and values.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: Attributes,
}

impl Condition {
    /// That nothing lies there.
    pub(super) fn absent() -> Condition {
        Condition {
            text: "attribute_not_exists(#log_segment)".to_owned(),
            names: HashMap::from([("#log_segment".to_owned(), SEGMENT.to_owned())]),
            values: HashMap::new(),
        }
    }

    /// That each of these attributes, but for the key's, is equal.
    pub(super) fn equal(item: &Item) -> Condition {
        let mut condition = Condition::default();
        for (name, value) in &item.0 {
            if name == SEGMENT || name == POSITION {
                continue;
            }
            if !condition.text.is_empty() {
                condition.text.push_str(" AND ");
            }
            condition.text.push_str(&format!("#{name} = :{name}"));
            condition.names.insert(format!("#{name}"), name.clone());
            condition.values.insert(format!(":{name}"), value.clone());
        }
        condition
    }
}
