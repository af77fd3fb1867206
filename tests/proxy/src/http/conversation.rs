//! A connection of mode http: one request after another, each with its answer, over one connection to the server. What the
//! server closes is closed to the client, as it would be without the proxy.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::net::TcpStream;

use super::body::{self, COPY_BYTES_MAX, Ended, Tamper};
use super::canned;
use super::copies::Copy;
use super::exchange::{Exchange, Left};
use super::head::{self, Request};
use crate::counts::count;
use crate::network::Direction;
use crate::plan::{Plan, Struck};
use crate::script::{Ending, Fault};
use crate::shared::Shared;
use crate::side::Side;
use crate::tcp;

/// Whether another request may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Keep,
    Close,
}

struct Conversation {
    shared: Arc<Shared>,
    number: u64,
    client: Side,
    upstream: Option<Side>,
    broken: Arc<AtomicBool>,
}

/// Serves a client until it or the server ends, or a fault ends both.
pub(crate) async fn serve(shared: Arc<Shared>, stream: TcpStream, broken: Arc<AtomicBool>) {
    let mut conversation = Conversation {
        number: shared.judge().connection(),
        client: Side::new(stream, &shared, Direction::Down, &broken),
        upstream: None,
        broken,
        shared,
    };
    while conversation.turn().await == Next::Keep {}
    conversation.shared.network.pass(Direction::Both).await;
}

impl Conversation {
    async fn turn(&mut self) -> Next {
        let Some(request) = self.request().await else {
            return Next::Close;
        };
        count(&self.shared.totals.requests);
        let clock = &self.shared.world.clock;
        let plan = self.shared.judge().judge_request(self.number, &request, clock.now());
        // Half of the latency before the effect and half behind it, as on a real way.
        let latency = plan.latency();
        let early = latency / 2 + plan.before();
        let began = clock.now();
        self.shared.wait(early).await;
        let overslept = began.elapsed().saturating_sub(early);
        let behind = (latency - latency / 2).saturating_sub(overslept) + plan.behind();
        if let Some(struck) = plan.effect() {
            match struck.fault {
                Fault::DropRequest { how } => {
                    plan.happens(struck);
                    self.client.end(how);
                    return Next::Close;
                }
                Fault::AnswerS3 { .. } | Fault::AnswerDynamodb { .. } | Fault::Answer { .. } => {
                    self.shared.wait(behind).await;
                    return self.reply(&request, &plan, struck).await;
                }
                Fault::Late { after } if fits(&request) => {
                    let after = after.draw(&struck.chance);
                    return self.take(&request, &plan, struck, after).await;
                }
                _ => {}
            }
        }
        self.pass(&request, &plan, behind).await
    }

    /// The next request. Nothing when the client or the server ended, or does not speak HTTP/1.1.
    async fn request(&mut self) -> Option<Request> {
        loop {
            let taken = head::take(&mut self.client.buffer);
            let parsed = taken.and_then(|raw| raw.map(Request::parse).transpose());
            match parsed {
                Ok(Some(request)) => return Some(request),
                Ok(None) => {}
                Err(head::NotHttp) => {
                    count(&self.shared.totals.not_http);
                    return None;
                }
            }
            let more = match &mut self.upstream {
                None => self.client.fill().await,
                Some(upstream) => tokio::select! {
                    biased;
                    more = self.client.fill() => more,
                    // Nobody asked it anything: it ends, or does not speak HTTP/1.1.
                    _ = upstream.fill() => return None,
                },
            };
            if !more.ok()? {
                return None;
            }
        }
    }

    /// Answers by itself.
    async fn reply(&mut self, request: &Request, plan: &Plan, struck: &Struck) -> Next {
        // Who waits to be asked for the body is not asked; whether it comes all the same cannot be known.
        let asked = !request.expects_continue() || request.framing.is_done();
        let mut tamper = Tamper::keeping();
        if asked {
            let framing = request.framing.clone();
            let ended = body::pass(&mut self.client.split().0, None, framing, &mut tamper).await;
            if ended != Ended::Whole {
                return Next::Close;
            }
        }
        let closes = request.closes || !asked;
        let body = tamper.kept.unwrap_or_default();
        let Some(canned) = canned::answer(&struck.fault, request, &body, &struck.chance) else {
            return Next::Close;
        };
        if self.client.send(&canned.bytes(&request.method, closes)).await.is_err() {
            return Next::Close;
        }
        plan.happens(struck);
        count(&self.shared.totals.answers);
        if closes {
            self.client.linger().await;
            return Next::Close;
        }
        Next::Keep
    }

    /// Takes the request, says nothing, and delivers it later.
    async fn take(&mut self, request: &Request, plan: &Plan, struck: &Struck, after: Duration) -> Next {
        if request.expects_continue() && self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n").await.is_err() {
            return Next::Close;
        }
        let mut tamper = Tamper::keeping();
        let framing = request.framing.clone();
        let ended = body::pass(&mut self.client.split().0, None, framing, &mut tamper).await;
        if let (Ended::Whole, Some(body)) = (ended, tamper.kept) {
            Copy::new(request, body).send_later(&self.shared, after, plan, struck);
        }
        Next::Close
    }

    /// Passes the request on and its answer back.
    async fn pass(&mut self, request: &Request, plan: &Plan, behind: Duration) -> Next {
        let mut upstream = match self.upstream.take() {
            Some(upstream) => upstream,
            None => match self.shared.connect(&self.broken).await {
                Ok(upstream) => upstream,
                Err(_) => {
                    self.client.end(Ending::Reset);
                    return Next::Close;
                }
            },
        };
        let shared = &self.shared;
        let exchange = Exchange {
            shared,
            request,
            plan,
            behind,
        };
        let exchanged = exchange.run(&mut self.client, &mut upstream).await;
        if let (Some(body), Some(struck)) = (exchanged.kept, plan.effect())
            && let Fault::Duplicate { after } = struck.fault
        {
            let after = after.draw(&struck.chance);
            Copy::new(request, body).send_later(&self.shared, after, plan, struck);
        }
        match exchanged.left {
            Left::Ready => {
                self.upstream = Some(upstream);
                return Next::Keep;
            }
            Left::Over if exchanged.early => self.client.linger().await,
            Left::Over => {}
            Left::Switched => tcp::tunnel(&mut self.client, &mut upstream).await,
        }
        Next::Close
    }
}

/// Whether a request can be held: it says how long it is, and that is not too long.
fn fits(request: &Request) -> bool {
    let known = request.framing.known().and_then(|known| usize::try_from(known).ok());
    known.is_some_and(|known| known <= COPY_BYTES_MAX)
}
