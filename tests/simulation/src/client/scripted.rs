//! A client that does as it is told: it sends one record to one process.

use std::sync::atomic::AtomicU32;

use super::{As, Client, Told, append, reason};
use crate::agent::Agent;
use crate::ground::Yard;
use crate::history::Known;

/// The client.
#[derive(Debug)]
pub(crate) struct Scripted(Client);

impl Scripted {
    pub(crate) fn new(yard: &Yard, agent: &Agent) -> Scripted {
        Scripted(Client {
            yard: yard.clone(),
            world: yard.ground.world.child("script"),
            session: 1,
            name: "script".to_owned(),
            agent: agent.clone(),
            failures: AtomicU32::new(0),
        })
    }

    /// Whether a record sent to a topic is acknowledged.
    pub(crate) async fn append(&self, topic: Known) -> bool {
        let client = &self.0;
        let how = As {
            group: client.next_group(),
            keyed: client.ground().history.lock().keyed == Some(topic),
            ..As::default()
        };
        let parts = [client.part(client.target(topic), how)];
        match append(&client.agent, &parts, None).await {
            Told::Acked(done) => {
                client.acked(&parts, &done.acks);
                client.operation("append", "acknowledged", true);
                return true;
            }
            Told::Failed(error) => {
                client.failed(&parts, error.as_ref());
                client.operation("append", &reason(error.as_ref()), false);
            }
            Told::Unknown => client.operation("append", "unknown", false),
        }
        false
    }
}
