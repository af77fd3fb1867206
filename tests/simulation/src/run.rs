//! One run of one seed: setting up, sixty seconds in which things go wrong, healing, and the last look.

mod setup;

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Once};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use world::World;

use crate::agent::Agent;
use crate::ground::{Ground, Yard};
use crate::journal::Journal;
use crate::recorder::CounterRecorder;
use crate::swarm::{Fault, Swarm};
use crate::{Counts, check, client, courier, nemesis};

pub(crate) use setup::{LASTING_TOPICS, configure};

/// After faults have ended everything that is under way ends within this.
const HEALED_WITHIN: Duration = Duration::from_secs(60);
/// All that befalls everything at once is over within this.
const DISASTERS_MAX: Duration = Duration::from_secs(600);
/// No run takes longer than this of its own time.
const VIRTUAL_MAX: Duration = Duration::from_secs(1_200);
/// A run has at least so many operations of clients.
const OPERATIONS_MIN: u64 = 200;

/// What a run came to. Two runs of one seed are equal in all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// A digest of every line of the trace.
    pub digest: String,
    /// The next random number.
    pub next: u64,
    /// Virtual microseconds it took.
    pub end_us: u64,
    /// How often what happened.
    pub counts: Counts,
    /// What was found wrong; none when all is well.
    pub findings: Vec<String>,
}

thread_local! {
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

/// Counts panics of this thread: the runtime swallows those of tasks.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            usual(info);
        }));
    });
    PANICS.set(0);
}

/// Runs a seed; with `print` every line of its trace goes to the standard output.
///
/// # Errors
/// When there is no runtime to be had.
pub fn run(seed: u64, print: bool) -> anyhow::Result<Outcome> {
    let swarm = |world: &World| Swarm::draw(&world.chance.fork("swarm"));
    simulate(seed, print, swarm, phases)
}

/// Runs what `play` does on the ground that the seed makes.
pub(crate) fn simulate<P, R>(
    seed: u64,
    print: bool,
    swarm: impl FnOnce(&World) -> Swarm,
    play: P,
) -> anyhow::Result<Outcome>
where
    P: FnOnce(Arc<Ground>) -> R,
    R: Future<Output = ()>,
{
    watch_panics();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .context("cannot make a runtime")?;
    let (world, journal) = {
        let _entered = runtime.enter();
        let world = World::simulated(seed);
        let journal = Journal::new(world.clock.clone(), print);
        (world, journal)
    };
    let ground = Arc::new(Ground::new(world.clone(), journal.clone(), swarm(&world)));
    let drive = || runtime.block_on(drive(Arc::clone(&ground), play(Arc::clone(&ground))));
    let recorder = CounterRecorder(journal.clone());
    let ended = metrics::with_local_recorder(&recorder, || std::panic::catch_unwind(AssertUnwindSafe(drive)));
    let panics = PANICS.get();
    journal.check("nothing panics", ended.is_ok() && panics == 0, || {
        format!("{panics} panics")
    });
    Ok(Outcome {
        seed,
        digest: journal.digest(),
        next: world.chance.u64(),
        end_us: journal.end_us(),
        counts: journal.counts(),
        findings: journal.findings(),
    })
}

async fn drive(ground: Arc<Ground>, play: impl Future<Output = ()>) {
    let (clock, journal) = (ground.world.clock.clone(), &ground.journal);
    journal.line(format_args!("{:?}", ground.swarm));
    let driven = clock.timeout(VIRTUAL_MAX, Box::pin(play)).await;
    journal.check("a run ends", driven.is_ok(), || format!("not within {VIRTUAL_MAX:?}"));
    journal.end();
}

async fn phases(ground: Arc<Ground>) {
    let yard = Yard::new(&ground);
    for agent in yard.agents.iter() {
        agent.start().await;
    }
    setup::set_up(&yard).await;
    suffer(&yard).await;
    // What was sent late has arrived by then.
    let clock = &ground.world.clock;
    clock.sleep(ground.swarm.late_max + Duration::from_secs(1)).await;
    check::compare_states(&yard).await;
    check::rest::check(&yard);
    yard.agents.iter().for_each(Agent::note_network);
    for agent in yard.agents.iter() {
        agent.stop(Duration::from_secs(5)).await;
    }
    check::last_look(&yard).await;
    note_operations(&ground);
    note_findings(&ground);
}

/// Clients work and things go wrong, until both have come to an end.
async fn suffer(yard: &Yard) {
    let ground = &yard.ground;
    let (clients, trouble) = (ground.world.child("clients"), ground.world.child("nemesis"));
    for agent in yard.agents.iter() {
        let task = nemesis::network(Arc::clone(ground), trouble.child("network"), agent.clone());
        trouble.tasks.spawn("network", task);
        let task = nemesis::operator(Arc::clone(ground), trouble.child("operator"), agent.clone());
        trouble.tasks.spawn("operator", task);
    }
    trouble
        .tasks
        .spawn("courier", courier::run(Arc::clone(ground), trouble.child("courier")));
    client::start_all(yard, &clients);
    trouble.tasks.spawn("sampler", check::sample(yard.clone()));
    let clock = &ground.world.clock;
    let enough = clock.now() + ground.swarm.duration;
    let watch = ground.world.child("watch");
    watch
        .tasks
        .spawn("halts", nemesis::accept_late_halts(yard.clone(), watch.child("halts")));
    let disasters = trouble.child("disasters");
    let over = clock
        .timeout(DISASTERS_MAX, nemesis::disasters(yard.clone(), disasters))
        .await;
    ground
        .journal
        .check("every disaster is over in time", over.is_ok(), || {
            format!("not within {DISASTERS_MAX:?}")
        });
    clock.sleep_until(enough).await;
    ground.quiet.set(true);
    let ended = trouble.tasks.drain(HEALED_WITHIN).await;
    ground
        .journal
        .check("every process starts", ended, || "nemesis is still busy".to_owned());
    let ended = clients.tasks.drain(HEALED_WITHIN).await;
    ground
        .journal
        .check("every operation ends once faults have ended", ended, || {
            format!("{:?}", clients.tasks)
        });
    watch.tasks.kill();
}

/// What is said of all that was checked, in runs of a kind.
fn note_findings(ground: &Ground) {
    let (journal, swarm) = (&ground.journal, &ground.swarm);
    let well = journal.findings().is_empty();
    let found = || "see what else was found".to_owned();
    if swarm.has(Fault::ClockJump) {
        journal.check("wrong clocks harm nothing", well, found);
    }
    if swarm.processes.iter().filter(|process| process.duties.rewrites).count() > 1 {
        journal.check("two compactors at once harm nothing", well, found);
    }
    if swarm.processes.iter().filter(|process| process.duties.sweeps).count() > 1 {
        journal.check("two sweepers at once harm nothing", well, found);
    }
}

fn note_operations(ground: &Ground) {
    let history = ground.history.lock();
    let (operations, acknowledged) = (history.operations, history.acknowledged);
    ground.journal.count_by("operations", operations);
    ground.journal.count_by("operations acknowledged", acknowledged);
    // How many of them succeed is judged over all seeds: one in which every fault strikes at once may let few through.
    let enough = operations >= OPERATIONS_MIN && acknowledged > 0;
    ground
        .journal
        .check("enough happens, and some of it succeeds", enough, || {
            format!("{operations} operations, {acknowledged} acknowledged")
        });
}
