//! Mode tcp: bytes both ways, whatever they mean.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::net::TcpStream;
use world::Instant;

use crate::Latency;
use crate::network::Direction;
use crate::plan::{Plan, Struck};
use crate::script::{Ending, Fault};
use crate::shared::Shared;
use crate::side::{Reader, Side, Writer};

/// What waits for its time in one direction holds back what comes behind it.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// A limited bandwidth is given in pieces of this time.
const PIECES_PER_SECOND: u64 = 20;

/// Serves a client until both directions have ended, or a fault ends them.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, broken: Arc<AtomicBool>) {
    let plan = shared.judge().judge_connection(shared.world.clock.now());
    let mut client = Side::new(stream, &shared, Direction::Down, &broken);
    if let Some(struck) = plan.effect()
        && let Fault::Close { how } = struck.fault
    {
        plan.happens(struck);
        client.end(how);
        return;
    }
    let Ok(mut upstream) = shared.connect(&broken).await else {
        client.end(Ending::Reset);
        return;
    };
    for slow in plan.struck.iter().filter(|struck| struck.fault.only_slows()) {
        plan.happens(slow);
    }
    let up = Lane::new(&shared, Direction::Up, Some(&plan));
    let down = Lane::new(&shared, Direction::Down, Some(&plan));
    let ending = both(&mut client, &mut upstream, up, down).await;
    client.end(ending);
    upstream.end(ending);
    shared.network.pass(Direction::Both).await;
}

/// Passes everything on both ways until both have ended.
pub(crate) async fn tunnel(client: &mut Side, upstream: &mut Side) {
    let shared = client.shared();
    let [up, down] = [Direction::Up, Direction::Down].map(|way| Lane::new(&shared, way, None));
    both(client, upstream, up, down).await;
}

async fn both(client: &mut Side, upstream: &mut Side, mut up: Lane<'_>, mut down: Lane<'_>) -> Ending {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_upstream, mut to_upstream) = upstream.split();
    let mut upwards = pin!(up.pass(&mut from_client, &mut to_upstream));
    let mut downwards = pin!(down.pass(&mut from_upstream, &mut to_client));
    let (mut up_ended, mut down_ended) = (false, false);
    while !(up_ended && down_ended) {
        let broken = tokio::select! {
            biased;
            ended = &mut upwards, if !up_ended => {
                up_ended = true;
                ended
            }
            ended = &mut downwards, if !down_ended => {
                down_ended = true;
                ended
            }
        };
        // A direction that only ended leaves the other open.
        if let Err(ending) = broken {
            return ending;
        }
    }
    Ending::Close
}

/// One direction of a connection.
struct Lane<'a> {
    shared: &'a Shared,
    plan: Option<&'a Plan>,
    delays: Vec<(Latency, world::Chance)>,
    bytes_per_second: Option<u64>,
    /// The byte before which something happens.
    stop: Option<(u64, &'a Struck)>,
    passed: u64,
    /// In the order in which it came, whenever each is due: bytes overtake none.
    waiting: VecDeque<(Instant, Bytes)>,
    waiting_bytes: usize,
    /// When the next piece may pass, by the bandwidth.
    free_at: Instant,
}

impl<'a> Lane<'a> {
    fn new(shared: &'a Shared, way: Direction, plan: Option<&'a Plan>) -> Lane<'a> {
        let mut lane = Lane {
            shared,
            plan,
            delays: Vec::new(),
            bytes_per_second: None,
            stop: None,
            passed: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            free_at: shared.world.clock.now(),
        };
        let Some(plan) = plan else { return lane };
        // The latency is that of answers: a request and its answer get it once.
        let latency = plan.latency.filter(|_| way == Direction::Down);
        lane.delays
            .extend(latency.map(|latency| (latency, plan.pace.fork("down"))));
        let label = if way == Direction::Up { "up" } else { "down" };
        for struck in &plan.struck {
            match struck.fault {
                Fault::Delay { by, direction } if direction.covers(way) => {
                    lane.delays.push((by, struck.chance.fork(label)));
                }
                Fault::Bandwidth {
                    bytes_per_second,
                    direction,
                } if direction.covers(way) => {
                    let least = lane.bytes_per_second.unwrap_or(u64::MAX).min(bytes_per_second);
                    lane.bytes_per_second = Some(least);
                }
                Fault::Stall {
                    direction, after_bytes, ..
                }
                | Fault::Cut {
                    direction, after_bytes, ..
                } if direction.covers(way) => {
                    lane.stop = Some((after_bytes, struck));
                }
                _ => {}
            }
        }
        lane
    }

    /// Passes bytes on until they end; how the connection is to end when it is to end now.
    async fn pass(&mut self, from: &mut Reader<'_>, to: &mut Writer<'_>) -> Result<(), Ending> {
        let clock = self.shared.world.clock.clone();
        let mut open = true;
        // What was read behind the head of an answer that switched.
        self.take(from, to).await?;
        loop {
            let due = self.waiting.front().map(|(due, _)| *due);
            if !open && due.is_none() {
                return to.finish().await.map_err(|_| Ending::Reset);
            }
            let room = open && self.waiting_bytes < WAITING_BYTES_MAX;
            tokio::select! {
                biased;
                () = clock.sleep_until(due.unwrap_or(self.free_at)), if due.is_some() => {
                    if let Some((_, bytes)) = self.waiting.pop_front() {
                        self.waiting_bytes -= bytes.len();
                        self.send(&bytes, to).await?;
                    }
                }
                more = from.fill(), if room => {
                    // A reset on one side is one on the other.
                    open = more.map_err(|_| Ending::Reset)?;
                    self.take(from, to).await?;
                }
            }
        }
    }

    /// Passes what was read, or puts it among what waits.
    async fn take(&mut self, from: &mut Reader<'_>, to: &mut Writer<'_>) -> Result<(), Ending> {
        if from.buffer.is_empty() {
            return Ok(());
        }
        if self.delays.is_empty() {
            self.send(from.buffer, to).await?;
            from.buffer.clear();
            return Ok(());
        }
        let delay: Duration = self.delays.iter().map(|(by, chance)| by.draw(chance)).sum();
        let due = self.shared.world.clock.now() + delay;
        let bytes = from.buffer.split().freeze();
        self.waiting_bytes += bytes.len();
        self.waiting.push_back((due, bytes));
        Ok(())
    }

    /// Writes it as fast as it may, and does what is to be done at a byte of it.
    async fn send(&mut self, mut bytes: &[u8], to: &mut Writer<'_>) -> Result<(), Ending> {
        while !bytes.is_empty() {
            let mut len = bytes.len();
            if let Some(rate) = self.bytes_per_second {
                let piece = usize::try_from(rate / PIECES_PER_SECOND).unwrap_or(usize::MAX);
                len = len.min(piece.max(1));
            }
            if let Some((after, struck)) = self.stop {
                let left = usize::try_from(after - self.passed).unwrap_or(usize::MAX);
                if left == 0 {
                    self.stop(struck).await?;
                    continue;
                }
                len = len.min(left);
            }
            self.pace(len).await;
            to.send(&bytes[..len]).await.map_err(|_| Ending::Reset)?;
            self.passed += u64::try_from(len).unwrap_or(u64::MAX);
            bytes.advance(len);
        }
        Ok(())
    }

    /// Waits until so many bytes may pass by the bandwidth.
    async fn pace(&mut self, len: usize) {
        let Some(rate) = self.bytes_per_second else { return };
        let clock = &self.shared.world.clock;
        clock.sleep_until(self.free_at).await;
        #[expect(clippy::cast_precision_loss, reason = "a duration of some bytes")]
        let takes = Duration::try_from_secs_f64(len as f64 / rate as f64).unwrap_or(Duration::MAX);
        let now = clock.now();
        self.free_at = self.free_at.max(now).checked_add(takes).unwrap_or(now);
    }

    async fn stop(&mut self, struck: &Struck) -> Result<(), Ending> {
        self.stop = None;
        if let Some(plan) = self.plan {
            plan.happens(struck);
        }
        match struck.fault {
            Fault::Cut { how, .. } => Err(how),
            Fault::Stall { for_ms: Some(ms), .. } => {
                self.shared.world.clock.sleep(Duration::from_millis(ms)).await;
                Ok(())
            }
            _ => std::future::pending().await,
        }
    }
}
