//! Another route for proposals. What an agent hands to the ledger, and is not told to be refused, may reach it by others,
//! too: sooner than the agent itself tries again or long after, at any place, in other company and out of order. That must
//! be harmless, for a proposal is taken in its lane's sequence, and once.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ledger::{Append, Backend, Base, Envelope, Happened, Hash, Kind, LedgerError, Looks, Position, RawRead};
use metadata::entry::Proposal;
use parking_lot::Mutex;
use world::{Chance, World};

use crate::ground::Ground;
use crate::swarm::Swarm;

/// Letters that are kept; older ones are lost.
const LETTERS_MAX: usize = 64;
/// Part of the runs in which there is another route.
const LIKELY: f64 = 0.6;
/// How often what its agent knows nothing of is brought at once, before the agent is told that.
const AT_ONCE: f64 = 0.8;
/// How often what is in the ledger is brought once more.
const COPIES: f64 = 0.05;
/// Bytes of an entry beside its proposals, at most.
const HEAD_BYTES: usize = 1_024;

/// What is under way by the other route.
#[derive(Debug)]
pub(crate) struct Courier {
    chance: Chance,
    rides: bool,
    letters: Mutex<VecDeque<Vec<Proposal>>>,
}

impl Courier {
    pub(crate) fn new(chance: Chance, swarm: &Swarm) -> Courier {
        Courier {
            // What it brings is of the history that it was sent to: it does not ride where the ledger has another one later.
            rides: swarm.is_plain() && chance.coin(LIKELY),
            chance,
            letters: Mutex::default(),
        }
    }

    fn keep(&self, letter: Vec<Proposal>) {
        let letters = &mut *self.letters.lock();
        if letters.len() == LETTERS_MAX {
            letters.pop_front();
        }
        letters.push_back(letter);
    }

    /// Some proposals of some letters, in any order.
    fn draw(&self) -> Vec<Proposal> {
        let letters = self.letters.lock();
        let mut drawn: Vec<Proposal> = Vec::new();
        let Some(bound) = u64::try_from(letters.len()).ok().filter(|bound| *bound > 0) else {
            return drawn;
        };
        for _ in 0..=self.chance.below(3) {
            // Often the newest, whose sender may still wait for an answer.
            let newest = letters.len() - 1;
            let any = usize::try_from(self.chance.below(bound)).unwrap_or(0);
            let at = if self.chance.coin(0.5) { newest } else { any };
            drawn.extend(letters.get(at).into_iter().flat_map(|letter| self.some(letter)));
        }
        self.chance.shuffle(&mut drawn);
        drawn
    }

    /// The last ones of a letter, or just some.
    fn some(&self, letter: &[Proposal]) -> Vec<Proposal> {
        let count = u64::try_from(letter.len()).unwrap_or(0);
        let first = usize::try_from(self.chance.below(count + 1)).unwrap_or(0);
        let last = letter.get(first..).unwrap_or_default();
        match self.chance.coin(0.5) {
            true => last.to_vec(),
            false => letter.iter().filter(|_| self.chance.coin(0.5)).cloned().collect(),
        }
    }
}

/// Brings letters now and then.
pub(crate) async fn run(ground: Arc<Ground>, world: World) {
    let courier = &ground.courier;
    if !courier.rides {
        return;
    }
    loop {
        let wait = courier
            .chance
            .between(Duration::from_millis(20), Duration::from_millis(900));
        world.clock.sleep(wait).await;
        if ground.quiet.is_up() {
            return;
        }
        deliver(&ground, courier.draw()).await;
    }
}

/// Puts proposals at the end of the ledger, as many as fit.
async fn deliver(ground: &Ground, mut proposals: Vec<Proposal>) {
    let bytes = |proposals: &[Proposal]| proposals.iter().map(metadata::entry::proposal_bytes).sum::<usize>();
    while bytes(&proposals) + HEAD_BYTES > ground.swarm.entry_bytes_max {
        proposals.pop();
    }
    let Some(tip) = ground.audit.tip().filter(|_| !proposals.is_empty()) else {
        return;
    };
    let envelope = Envelope {
        kind: Kind::Proposals,
        era: tip.era,
        position: tip.position + 1,
        previous: tip.hash,
        body: metadata::encode_body(&metadata::entry::body(proposals)),
    };
    ground.journal.count("letters delivered");
    // Nothing waits below the wrappers that fail, so nobody else has been here since the tip was asked for.
    let delivered = ground
        .ledger
        .append(envelope.position, tip.hash, envelope.seal().0)
        .await;
    let journal = &ground.journal;
    journal.line(format_args!("courier delivers at {}: {delivered:?}", envelope.position));
}

/// The ledger as a process reaches it, of whose entries the courier has copies.
pub(crate) struct Posted {
    pub(crate) inner: Arc<dyn Backend>,
    pub(crate) ground: Arc<Ground>,
}

impl fmt::Debug for Posted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Posted").finish_non_exhaustive()
    }
}

/// An append that is under way. Kept when it ends, or its process does, unless that was told that it was refused.
struct Letter<'a> {
    courier: &'a Courier,
    proposals: Vec<Proposal>,
}

impl Drop for Letter<'_> {
    fn drop(&mut self) {
        if !self.proposals.is_empty() {
            self.courier.keep(std::mem::take(&mut self.proposals));
        }
    }
}

impl Posted {
    fn letter(&self, position: Position, envelope: &Bytes) -> Letter<'_> {
        let rides = self.ground.courier.rides;
        let opened = rides.then(|| Envelope::open(position, envelope).ok()).flatten();
        let opened = opened.filter(|opened| opened.kind == Kind::Proposals);
        let body = opened.and_then(|opened| metadata::decode_body(opened.body).ok());
        Letter {
            courier: &self.ground.courier,
            proposals: body.map(|body| body.proposals).unwrap_or_default(),
        }
    }
}

#[async_trait]
impl Backend for Posted {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        let mut letter = self.letter(position, &envelope);
        let appended = self.inner.append(position, previous, envelope).await;
        match &appended {
            // A copy of what is there is of less interest than what may be nowhere yet.
            Ok(Append::Appended) if letter.courier.chance.coin(COPIES) => {}
            Err(error) if error.happened() == Happened::Maybe => {
                if letter.courier.chance.coin(AT_ONCE) {
                    deliver(&self.ground, letter.courier.some(&letter.proposals)).await;
                }
            }
            Ok(_) | Err(_) => letter.proposals.clear(),
        }
        appended
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        self.inner.read(from, max_bytes).await
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        self.inner.base().await
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        self.inner.create_base(base).await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        self.inner.advance_base(old, new).await
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        self.inner.delete_below(position, limit).await
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        self.inner.watch(after).await
    }

    fn looks(&self) -> Looks {
        self.inner.looks()
    }

    fn entry_bytes_max(&self) -> usize {
        self.inner.entry_bytes_max()
    }

    fn inline_bytes_max(&self) -> usize {
        self.inner.inline_bytes_max()
    }
}
