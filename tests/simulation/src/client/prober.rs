//! A client that asks one process whether it works: it sends a record to the object lane, and another one inline.

use std::sync::atomic::AtomicU32;

use world::{Instant, World};

use super::{As, Client, Part, Told, append, reason};
use crate::agent::Agent;
use crate::ground::Yard;

/// The session of every prober: what they send bears no sequence.
const SESSION: u32 = 1_000;

/// Sessions of those who read at the same time as others of them; beyond those of all clients.
const FIRST_READER: u32 = 500_000;
const READERS: u32 = 400_000;

/// The client.
#[derive(Debug)]
pub(crate) struct Prober(Client);

impl Prober {
    pub(crate) fn new(yard: &Yard, world: &World, agent: &Agent) -> Prober {
        Prober(Client {
            yard: yard.clone(),
            world: super::world_of(world, "prober"),
            session: SESSION,
            name: "prober".to_owned(),
            agent: agent.clone(),
            failures: AtomicU32::new(0),
        })
    }

    /// The client itself, under another name and as a session of its own.
    pub(super) fn into_client(self, name: &str) -> Client {
        let number = u32::try_from(self.0.next_group() % u64::from(READERS)).unwrap_or(0);
        Client {
            name: name.to_owned(),
            session: FIRST_READER + number,
            ..self.0
        }
    }

    /// Whether a record sent now is acknowledged before the deadline.
    pub(crate) async fn takes_a_record(&mut self, deadline: Instant) -> bool {
        let client = &self.0;
        let topics = client.ground().history.lock().topics.clone();
        // Topics 1 and 2 have a lane each.
        let lanes = [1, 2].map(|number| topics.get(number).copied());
        let how = As {
            group: client.next_group(),
            ..As::default()
        };
        for topic in lanes.into_iter().flatten() {
            let how = As {
                group: client.next_group(),
                ..how
            };
            let part = client.part(client.target(topic), how);
            let clock = &client.world.clock;
            let parts = [part];
            let told = match clock.timeout_at(deadline, append(&client.agent, &parts, None)).await {
                Ok(told) => told,
                Err(_) => Told::Unknown,
            };
            if !note(client, &parts, told) {
                return false;
            }
        }
        true
    }
}

fn note(client: &Client, parts: &[Part], told: Told) -> bool {
    match told {
        Told::Acked(done) => {
            client.acked(parts, &done.acks);
            client.operation("probe", "acknowledged", true);
            true
        }
        Told::Failed(error) => {
            client.failed(parts, error.as_ref());
            client.operation("probe", &reason(error.as_ref()), false);
            false
        }
        Told::Unknown => {
            client.operation("probe", "unknown", false);
            false
        }
    }
}
