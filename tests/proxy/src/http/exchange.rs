//! One request passed to the server and its answer passed back, at the same time: an answer may come before its request is
//! whole, and a body may wait for the server to ask for it.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::body::{self, Ended, Tamper};
use super::framing::Framing;
use super::head::{self, Answer, Request};
use crate::counts::count;
use crate::plan::{Plan, Struck};
use crate::script::{Ending, Fault};
use crate::shared::Shared;
use crate::side::{Reader, Side, Writer};

/// How an exchange ended.
#[derive(Debug)]
pub(crate) struct Exchanged {
    pub(crate) left: Left,
    /// The answer passed whole before the request did.
    pub(crate) early: bool,
    /// The request's body, if it was to be kept and passed whole.
    pub(crate) kept: Option<Vec<u8>>,
}

/// Where both sides stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Where the next request begins.
    Ready,
    /// Nothing more can be passed.
    Over,
    /// From here on it is no HTTP any more.
    Switched,
}

/// One request and its answer between two sides.
pub(crate) struct Exchange<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) request: &'a Request,
    pub(crate) plan: &'a Plan,
    /// What the answer waits.
    pub(crate) behind: Duration,
}

/// The byte before which a body ends: said, or drawn below its length, or none where there is no length.
fn limit(struck: &Struck, after_bytes: Option<u64>, fraction: Option<f64>, framing: &Framing) -> Option<u64> {
    let known = framing.known().filter(|known| *known > 0);
    match (after_bytes, fraction, known) {
        (Some(after), _, _) => Some(after),
        (None, _, None) => None,
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a length, from 0 to below 1"
        )]
        (None, Some(fraction), Some(known)) => Some((known as f64 * fraction) as u64),
        (None, None, Some(known)) => Some(struck.chance.below(known)),
    }
}

impl Exchange<'_> {
    /// Does it. How the sides are to be closed when they are is told to them.
    pub(crate) async fn run(&self, client: &mut Side, upstream: &mut Side) -> Exchanged {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_upstream, mut to_upstream) = upstream.split();
        let mut tamper = self.tamper_request();
        let mut sent = None;
        let (answered, ending) = {
            let mut sending = pin!(self.send(&mut from_client, &mut to_upstream, &mut tamper));
            let (answered, ending) = {
                let mut answering = pin!(self.answer(&mut from_upstream, &mut to_client));
                loop {
                    tokio::select! {
                        biased;
                        ended = &mut sending, if sent.is_none() => {
                            sent = Some(ended);
                            // A server that is gone may have answered before.
                            if !matches!(ended, Ended::Whole | Ended::SinkGone) {
                                break (Left::Over, Ending::Close);
                            }
                        }
                        answered = &mut answering => break answered,
                    }
                }
            };
            if sent.is_none() && matches!(answered, Left::Ready) {
                // The answer came first. The rest of the request is passed on unless the server goes.
                sent = tokio::select! {
                    biased;
                    ended = &mut sending => Some(ended),
                    _ = from_upstream.fill() => None,
                };
            }
            (answered, ending)
        };
        self.close(client, upstream, sent, ending);
        let whole = sent == Some(Ended::Whole);
        Exchanged {
            left: if answered == Left::Ready && !whole {
                Left::Over
            } else {
                answered
            },
            early: sent.is_none(),
            kept: tamper.kept.take().filter(|_| whole),
        }
    }

    fn close(&self, client: &mut Side, upstream: &mut Side, sent: Option<Ended>, ending: Ending) {
        client.end(ending);
        if let (Some(Ended::Limit), Some(struck)) = (sent, self.plan.effect())
            && let Fault::CutRequest { how, .. } = struck.fault
        {
            self.plan.happens(struck);
            upstream.end(how);
        }
    }

    fn tamper_request(&self) -> Tamper {
        let mut tamper = Tamper::default();
        let Some(struck) = self.plan.effect() else {
            return tamper;
        };
        match struck.fault {
            Fault::Duplicate { .. } => tamper = Tamper::keeping(),
            Fault::CutRequest {
                after_bytes, fraction, ..
            } => {
                tamper.limit = limit(struck, after_bytes, fraction, &self.request.framing);
            }
            _ => {}
        }
        tamper
    }

    async fn send(&self, from: &mut Reader<'_>, to: &mut Writer<'_>, tamper: &mut Tamper) -> Ended {
        if to.send(&self.request.raw).await.is_err() {
            return Ended::SinkGone;
        }
        body::pass(from, Some(to), self.request.framing.clone(), tamper).await
    }

    /// The head of the next answer.
    async fn head(&self, from: &mut Reader<'_>) -> Option<Answer> {
        loop {
            match head::take(from.buffer) {
                Ok(Some(raw)) => return Answer::parse(raw, &self.request.method).ok(),
                Ok(None) => {}
                Err(head::NotHttp) => return None,
            }
            if !from.fill().await.ok()? {
                return None;
            }
        }
    }

    /// The answer that ends the exchange; others before it are passed on.
    async fn last_head(&self, from: &mut Reader<'_>, to: &mut Writer<'_>) -> Option<Answer> {
        loop {
            let answer = self.head(from).await?;
            if !answer.is_interim() {
                return Some(answer);
            }
            to.send(&answer.raw).await.ok()?;
        }
    }

    async fn answer(&self, from: &mut Reader<'_>, to: &mut Writer<'_>) -> (Left, Ending) {
        let Some(answer) = self.last_head(from, to).await else {
            return (Left::Over, Ending::Close);
        };
        self.shared.wait(self.behind).await;
        let effect = self.plan.effect();
        if let Some(struck) = effect
            && let Fault::DropAnswer { how } = struck.fault
        {
            // All of it is awaited: whatever the server does for it is done.
            body::pass(from, None, answer.framing, &mut Tamper::default()).await;
            self.plan.happens(struck);
            return (Left::Over, how);
        }
        if to.send(&answer.raw).await.is_err() {
            return (Left::Over, Ending::Close);
        }
        if answer.switches() {
            return (Left::Switched, Ending::Close);
        }
        let mut tamper = effect.map_or_else(Tamper::default, |struck| self.tamper_answer(struck, &answer));
        let ended = body::pass(from, Some(to), answer.framing.clone(), &mut tamper).await;
        self.answered(ended, &answer, &tamper)
    }

    fn tamper_answer(&self, struck: &Struck, answer: &Answer) -> Tamper {
        let mut tamper = Tamper::default();
        match struck.fault {
            Fault::TruncateAnswer {
                after_bytes, fraction, ..
            } => {
                tamper.limit = limit(struck, after_bytes, fraction, &answer.framing);
            }
            Fault::FlipAnswer { at } if self.request.method == "GET" && matches!(answer.status, 200 | 206) => {
                let drawn = answer.framing.known().filter(|known| *known > 0);
                let at = at.or_else(|| drawn.map(|known| struck.chance.below(known)));
                let bit = u8::try_from(struck.chance.below(8)).unwrap_or(0);
                tamper.flip = at.map(|at| (at, bit));
            }
            _ => {}
        }
        tamper
    }

    fn answered(&self, ended: Ended, answer: &Answer, tamper: &Tamper) -> (Left, Ending) {
        let effect = self.plan.effect();
        if let Some(struck) = effect.filter(|_| tamper.flipped) {
            self.plan.happens(struck);
        }
        match (ended, effect) {
            (Ended::Whole, _) => {
                count(&self.shared.totals.answers);
                let over = answer.closes || self.request.closes;
                (if over { Left::Over } else { Left::Ready }, Ending::Close)
            }
            (Ended::Limit, Some(struck)) => {
                self.plan.happens(struck);
                match struck.fault {
                    Fault::TruncateAnswer { how, .. } => (Left::Over, how),
                    _ => (Left::Over, Ending::Close),
                }
            }
            _ => (Left::Over, Ending::Close),
        }
    }
}
