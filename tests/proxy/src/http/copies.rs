//! Requests that are delivered once more, or late, on a connection of their own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::body::{self, Ended, Tamper};
use super::head::{self, Answer, Request};
use crate::counts::{count, discount};
use crate::plan::{Plan, Struck};
use crate::shared::Shared;
use crate::side::Side;

/// How long the server may take to answer a copy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A whole request, as it came.
#[derive(Debug)]
pub(crate) struct Copy {
    head: Bytes,
    method: String,
    body: Vec<u8>,
}

impl Copy {
    pub(crate) fn new(request: &Request, body: Vec<u8>) -> Copy {
        let (head, method) = (request.raw.clone(), request.method.clone());
        Copy { head, method, body }
    }

    /// Delivers it after a time. The fault has happened when the server has answered it.
    pub(crate) fn send_later(self, shared: &Arc<Shared>, after: Duration, plan: &Plan, struck: &Struck) {
        count(&shared.totals.copies_waiting);
        let (judge, index, number) = (Arc::clone(&plan.judge), struck.index, plan.number);
        let (held, stopping) = (Arc::clone(shared), shared.world.tasks.stopping());
        shared.world.tasks.spawn("copy", async move {
            let delivery = async {
                held.wait(after).await;
                let delivered = held.world.clock.timeout(PATIENCE, self.deliver(&held)).await;
                delivered.ok().flatten()
            };
            let status = tokio::select! {
                biased;
                () = stopping => None,
                status = delivery => status,
            };
            let totals = &held.totals;
            match status {
                Some(status) => {
                    judge.happened(index, number);
                    count(&totals.copies_answered);
                    if (200..300).contains(&status) {
                        count(&totals.copies_taken);
                    }
                }
                None => count(&totals.copies_failed),
            }
            // Last: who sees none waiting sees what became of them.
            discount(&totals.copies_waiting);
        });
    }

    /// The status of the server's whole answer. Nothing when there was none.
    async fn deliver(&self, shared: &Arc<Shared>) -> Option<u16> {
        let mut side = shared.connect(&Arc::default()).await.ok()?;
        side.send(&self.head).await.ok()?;
        // Whatever it expects: the body is here.
        side.send(&self.body).await.ok()?;
        let answer = loop {
            let answer = self.head_of_answer(&mut side).await?;
            if !answer.is_interim() {
                break answer;
            }
        };
        let ended = body::pass(&mut side.split().0, None, answer.framing, &mut Tamper::default()).await;
        (ended == Ended::Whole).then_some(answer.status)
    }

    async fn head_of_answer(&self, side: &mut Side) -> Option<Answer> {
        loop {
            if let Some(raw) = head::take(&mut side.buffer).ok()? {
                return Answer::parse(raw, &self.method).ok();
            }
            if !side.fill().await.ok()? {
                return None;
            }
        }
    }
}
