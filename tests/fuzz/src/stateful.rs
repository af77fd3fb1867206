//! Whole histories: bytes choose what two processes over one ledger and one store are asked, and which faults befall them.
//! Afterwards everything is healed, and what was answered is compared with what is there.
//!
//! ```text
//! setting u8 u8, then again and again: operation u8 | what it needs
//! ```
//!
//! Time is virtual and chance is seeded by the setting, so the same bytes are the same history.

mod asked;
mod model;
mod process;
mod read;

use std::sync::Arc;
use std::time::Duration;

use engine::Engine;
use metadata::snapshot::state_hash_of;

use crate::fold;
use crate::input::Input;
use process::{Ground, Process};

/// Operations of one input, at most.
const OPERATIONS_MAX: usize = 96;
/// Beyond every deadline and every write that arrives late.
const HEALED_AFTER: Duration = Duration::from_mins(3);
/// Looks at all processes until they are found at one position.
const LOOKS_MAX: u32 = 10;

pub(crate) fn check(data: &[u8]) {
    crate::alone::run(drive(data));
}

async fn drive(data: &[u8]) {
    let mut input = Input::new(data);
    let setting = [input.u8(), input.u8()];
    let ground = Arc::new(Ground::new(setting).await);
    let mut operations = 0;
    while !input.is_empty() && operations < OPERATIONS_MAX {
        operations += 1;
        asked::operation(&ground, &mut input).await;
    }
    settle(&ground).await;
    last_look(&ground).await;
}

/// Faults end, whoever was paused goes on, whoever died comes back, and what is under way comes to its end.
async fn settle(ground: &Arc<Ground>) {
    for process in &ground.processes {
        process.heal();
        process.start(ground).await;
    }
    ground.world.clock.sleep(HEALED_AFTER).await;
    let pending = ground.model.lock().pending();
    assert_eq!(pending, 0, "every append has been answered");
}

/// Every process holds the same state, a new one too, and what was answered is true.
async fn last_look(ground: &Arc<Ground>) {
    let reader = ground.reader().await;
    let mut engines: Vec<Engine> = ground.processes.iter().filter_map(Process::engine).collect();
    assert_eq!(engines.len(), ground.processes.len(), "all were started");
    engines.push(reader.clone());
    one_state(ground, &engines).await;
    reader.read(|state| {
        fold::sound(state);
        fold::round_trip(state);
    });
    read::everything(ground, &reader).await;
    for engine in &engines {
        assert_eq!(engine.health().memory_used_bytes, 0, "memory is held for nothing");
    }
}

/// While lives begin and say that they go on, one may be an entry ahead for a moment.
async fn one_state(ground: &Ground, engines: &[Engine]) {
    for _ in 0..LOOKS_MAX {
        ground.world.clock.sleep(Duration::from_secs(1)).await;
        for engine in engines {
            engine.look().await.expect("a healed ledger can be read");
        }
        let seen: Vec<_> = engines.iter().map(Engine::seen).collect();
        if seen.iter().all(|one| *one == seen[0]) {
            let hashes: Vec<_> = engines.iter().map(|engine| engine.read(state_hash_of)).collect();
            assert!(
                hashes.iter().all(|one| *one == hashes[0]),
                "one fold at {seen:?}: {hashes:?}"
            );
            return;
        }
    }
    panic!("the processes do not come to one position");
}
