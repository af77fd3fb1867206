//! Zones: how one is named, and how a client says in which it is.
//!
//! A Kafka client has no field for its zone when it asks who serves a partition. It says it in its `client.id`, in front of
//! the name that it goes by, or behind it:
//!
//! ```text
//! zone=use1-az2,orders-service
//! ```
//!
//! Parts stand between commas; one of the form `name=value` is said to the server. Of those `zone` alone is known here, and
//! others are for somebody else.

use crate::limits::ZONE_BYTES_MAX;

/// The part of a `client.id` that says the zone.
const ZONE: &str = "zone";

/// A text that is no zone's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a zone is named by 1 to {ZONE_BYTES_MAX} letters, digits, `.`, `_` and `-`")]
pub struct NotAZone;

/// The text, when it may name a zone.
///
/// # Errors
/// When it is empty, longer than [`ZONE_BYTES_MAX`], or has other characters than ASCII letters, digits, `.`, `_` and `-`.
pub fn zone(text: &str) -> Result<&str, NotAZone> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let named = !text.is_empty() && text.len() <= ZONE_BYTES_MAX && text.bytes().all(plain);
    named.then_some(text).ok_or(NotAZone)
}

/// The zone that a client says in its `client.id`; the first, when it says several. One that cannot be a zone's name is
/// as good as none: a client is served all the same.
pub fn zone_of_client(client_id: &str) -> Option<&str> {
    let said = client_id.split(',').filter_map(|part| part.split_once('='));
    let mut zones = said.filter(|(name, _)| name.trim() == ZONE);
    zones.find_map(|(_, value)| zone(value.trim()).ok())
}

#[cfg(test)]
mod tests;
