//! The limits and manners of the HTTP front, each with a unit and a default.

use std::time::Duration;

use records::Codec;
use tokio_util::sync::CancellationToken;

use crate::auth::Authorizer;

/// How the HTTP front behaves.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Who may do what.
    pub authorizer: Authorizer,
    /// Cancel it to end [`super::serve`]: nothing new is accepted, what is under way is finished. It also ends when the
    /// engine's world stops.
    pub stop: CancellationToken,
    /// How long requests that are under way may take to finish then.
    pub drain_patience: Duration,
    /// The largest body, inflated.
    pub request_bytes_max: usize,
    /// Record bytes that one read answers with, at most. A first batch that is larger is given all the same.
    pub read_bytes_max: usize,
    /// The longest that a read waits for records.
    pub wait_max: Duration,
    /// A stream of events is ended by the server after this long, so that shared caches can collapse requests.
    pub stream_max: Duration,
    /// A stream in which nothing happens tells where the end is this often.
    pub ping_interval: Duration,
    /// How long a request may wait for the fold to reach the position it carries.
    pub position_wait_max: Duration,
    /// The head of a request, from the end of the one before it, comes within this long.
    pub header_timeout: Duration,
    /// The next bytes of a body come within this long, and the next bytes of an answer are taken within this long.
    pub body_timeout: Duration,
    /// A body comes no slower in the long run; 0 for any speed.
    pub body_bytes_per_second_min: u64,
    /// Connections at once; more are closed when they come.
    pub connections_max: usize,
    /// Connections at once from one address.
    pub connections_per_address_max: usize,
    /// Requests at once on one HTTP/2 connection.
    pub streams_per_connection_max: u32,
    /// Compressed bodies that are read at once; more get `overloaded`.
    pub inflating_max: usize,
    /// Memory of answers that hold records, until they are sent; reads beyond it wait, and then get `overloaded`.
    pub read_memory_bytes_max: usize,
    /// How batches that the front makes are compressed.
    pub codec: Codec,
}

impl Default for HttpSettings {
    fn default() -> HttpSettings {
        HttpSettings {
            authorizer: Authorizer::allow_all(),
            stop: CancellationToken::new(),
            drain_patience: Duration::from_secs(10),
            request_bytes_max: 16 << 20,
            read_bytes_max: 8 << 20,
            wait_max: Duration::from_mins(1),
            stream_max: Duration::from_mins(1),
            ping_interval: Duration::from_secs(15),
            position_wait_max: Duration::from_secs(5),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            body_bytes_per_second_min: 1_024,
            connections_max: 20_000,
            connections_per_address_max: 20_000,
            streams_per_connection_max: 256,
            inflating_max: 16,
            read_memory_bytes_max: 64 << 20,
            codec: Codec::None,
        }
    }
}
