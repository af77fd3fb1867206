//! Whether those who say that they serve can be reached from here.

use std::time::Duration;

use futures::StreamExt as _;
use ledger::Finding;
use metadata::{Role, State};
use tokio::net::TcpStream;

use crate::context::Context;

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many are tried at once.
const AT_ONCE: usize = 16;
const NAME: &str = "agent_address";

/// An address that a live process told the others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    whose: String,
    what: &'static str,
    address: String,
}

/// Tries every address that a live process told the others.
pub(super) async fn examine(state: &State, context: &Context) -> Vec<Finding> {
    let told = addresses(state);
    if told.is_empty() {
        return vec![Finding::ok(NAME, "no live process told of an address")];
    }
    let tried = futures::stream::iter(told).map(async |told| {
        let outcome = context
            .world
            .clock
            .timeout(PATIENCE, TcpStream::connect(&told.address))
            .await;
        let outcome = match outcome {
            Ok(connected) => connected.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err(format!("no connection within {PATIENCE:?}")),
        };
        judge(&told, outcome)
    });
    tried.buffered(AT_ONCE).collect().await
}

fn addresses(state: &State) -> Vec<Told> {
    let mut told = Vec::new();
    for life in state.incarnations() {
        let role = match life.role() {
            Role::Agent => "agent",
            Role::Compactor => "compactor",
        };
        let addresses = [
            ("HTTP", life.http_address()),
            ("Kafka", life.kafka_address()),
            ("peer", life.peer_address()),
        ];
        let addresses = addresses.into_iter().filter(|(_, address)| !address.is_empty());
        told.extend(addresses.map(|(what, address)| Told {
            whose: format!("{role} {:?}", life.name()),
            what,
            address: address.to_owned(),
        }));
    }
    told
}

fn judge(told: &Told, outcome: Result<(), String>) -> Finding {
    let Told { whose, what, address } = told;
    match outcome {
        Ok(()) => Finding::ok(NAME, format!("{what} of {whose} at {address}")),
        Err(error) => Finding::warn(
            NAME,
            format!("{what} of {whose} at {address} does not answer here: {error}"),
            "start it, open the way to it, or give it an address that others reach (--advertise, --peer-advertise). One that is \
             gone is retired by the other agents after agent.timeout.ms, or by the next at its address",
        ),
    }
}

#[cfg(test)]
mod tests;
