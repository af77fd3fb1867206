//! The limits of an engine, each with a unit in its name and a default that was measured or reasoned.

use std::sync::Arc;
use std::time::Duration;

use metadata::Role;

use crate::Peers;

/// How one process follows, appends and fetches.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The lives this process leads: one as an agent, one as a compactor. With none it only reads: it begins no cluster, puts
    /// no entry and no object, and does not halt a ledger that lost its end.
    pub roles: Vec<Role>,
    /// A name for people; it identifies nothing.
    pub name: String,
    /// The zone that clients and routing are told of.
    pub zone: String,
    /// Where this process serves HTTP as others see it, host:port; empty when it serves none. A starting process
    /// retires former lives that advertise the same address.
    pub http_address: String,
    /// Where other agents reach this one, host:port; empty when they cannot: then nobody hands it proposals.
    pub peer_address: String,
    /// How other agents are reached; none: every process puts its own entries.
    pub peers: Option<Arc<dyn Peers>>,
    /// Bytes of records that may wait for their acknowledgement.
    pub memory_bytes_max: usize,
    /// An object is sealed when it holds this many bytes of batches.
    pub segment_bytes_max: usize,
    /// An object is sealed when its first batch has waited this long, unless it went before.
    pub linger: Duration,
    /// Objects put per second, the price of which this bounds; none bounds nothing.
    pub puts_per_second: Option<f64>,
    /// How many puts may be saved up while less is written.
    pub puts_burst: u32,
    /// Objects being put at the same time.
    pub puts_in_flight_max: usize,
    /// Groups up to this many bytes travel inside ledger entries; none takes what suits the ledger.
    pub inline_bytes_max: Option<usize>,
    /// Bytes that wait for the inline lane; a group beyond takes the object lane.
    pub inline_queue_bytes_max: usize,
    /// Looks at the tip lie at least this far apart.
    pub look_interval: Duration,
    /// Without a read of the tip for this long nothing is served before the next one.
    pub staleness_max: Duration,
    /// An append that has no outcome after this long is answered as unknown.
    pub append_deadline: Duration,
    /// A change or a look that has no outcome after this long is answered as unknown or not current.
    pub change_deadline: Duration,
    /// One call of the store that takes longer than this has failed.
    pub store_deadline: Duration,
    /// A life with nothing to say says so this often.
    pub beat_interval: Duration,
    /// A link to another agent must stand within this time.
    pub peer_connect_max: Duration,
    /// A host says at least this often to those who follow it that it is there.
    pub peer_ping: Duration,
    /// An agent that said nothing for this long is not followed any more.
    pub peer_silence_max: Duration,
    /// An agent that was handed proposals, or asked to look, and for this long nothing came of it, is not followed any
    /// more.
    pub peer_deadline: Duration,
    /// An agent that failed is not tried again for this long, and for twice as long each time it fails in a row.
    pub peer_suspect_for: Duration,
    /// Entries put in vain per second, for another was first, beyond a burst of twenty: who uses them up waits.
    pub lost_puts_per_second: f64,
    /// The witness is refreshed this often while busy.
    pub witness_interval: Duration,
    /// Entry bytes kept in memory to serve inline records from.
    pub inline_cache_bytes_max: usize,
}

impl EngineConfig {
    /// Whether the process leads no life, and writes nothing.
    pub(crate) fn only_reads(&self) -> bool {
        self.roles.is_empty()
    }
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            roles: vec![Role::Agent],
            name: String::new(),
            zone: String::new(),
            http_address: String::new(),
            peer_address: String::new(),
            peers: None,
            memory_bytes_max: 128 << 20,
            segment_bytes_max: 8 << 20,
            linger: Duration::from_millis(250),
            puts_per_second: None,
            puts_burst: 8,
            puts_in_flight_max: 4,
            inline_bytes_max: None,
            inline_queue_bytes_max: 1 << 20,
            look_interval: Duration::ZERO,
            staleness_max: Duration::from_secs(10),
            append_deadline: Duration::from_secs(30),
            change_deadline: Duration::from_secs(15),
            store_deadline: Duration::from_secs(30),
            beat_interval: Duration::from_mins(1),
            peer_connect_max: Duration::from_secs(1),
            peer_ping: Duration::from_secs(1),
            peer_silence_max: Duration::from_secs(3),
            peer_deadline: Duration::from_secs(2),
            peer_suspect_for: Duration::from_secs(10),
            lost_puts_per_second: 10.0,
            witness_interval: Duration::from_secs(5),
            inline_cache_bytes_max: 16 << 20,
        }
    }
}
