//! A place for one connection, which is made when it is needed and made again when it was lost.
//!
//! Each statement runs in a task of its own, which holds the connection until the answer has come. So a caller that gives up
//! leaves no half-read answer behind, and a server that does not answer holds one statement of a slot, not one more for
//! each try.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio_postgres::Error;
use tokio_postgres_rustls::MakeRustlsConnect;
use world::{Backoff, Retry, World, retry};

use super::failure;
use super::place::Place;
use super::session::{Role, Session};
use super::settings::Settings;
use super::watch::Growth;
use crate::error::LedgerError;

/// How long a call waits for an earlier statement of its slot. Less than a caller's own patience, so that it learns
/// that nothing happened.
const TURN_PATIENCE: Duration = Duration::from_secs(8);
/// How long a call waits for its answer; a statement that writes goes on without it.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);
/// How long a statement that writes may be under way before it is looked whether its server still works at it.
const LOOK_PATIENCE: Duration = Duration::from_secs(15);
/// How long making a connection may take, and how it is tried again: a server that starts anew takes a second or two.
pub(super) const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const CONNECT_AGAIN: Backoff = Backoff {
    first: Duration::from_millis(50),
    max: Duration::from_secs(1),
    deadline: Duration::from_secs(4),
};

/// How connections are made.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) place: Place,
    pub(super) tls: Option<Tls>,
    pub(super) world: World,
    pub(super) growth: Arc<Growth>,
}

/// What makes TLS connections.
#[derive(Clone)]
pub(super) struct Tls(pub(super) MakeRustlsConnect);

impl std::fmt::Debug for Tls {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Tls")
    }
}

impl Server {
    /// A connection on which nothing is prepared, if the server may be used at all.
    pub(super) async fn connect(&self, role: Role) -> Result<(Session, Settings), LedgerError> {
        let growth = (role == Role::Listener).then_some(&self.growth);
        let tls = self.tls.as_ref().map(|tls| &tls.0);
        let connect = Session::connect(&self.place, tls, &self.world.tasks, growth);
        let connected = self.world.clock.timeout(CONNECT_PATIENCE, connect).await;
        let (session, settings) = connected.map_err(|_| self.unavailable("no connection in time"))??;
        if let Some(refusal) = settings.refusal() {
            return Err(LedgerError::refused(format!("{}: {refusal}", self.place.shown())));
        }
        if let Some(what) = settings.no_primary() {
            return Err(self.unavailable(what));
        }
        Ok((session, settings))
    }

    /// A connection that is ready, with some patience.
    async fn ready(&self, role: Role) -> Result<Session, LedgerError> {
        let attempt = |_| async move {
            let connected = async {
                let (mut session, _) = self.connect(role).await?;
                // What stands between may answer for a server that is gone.
                let prepared = self.world.clock.timeout(CONNECT_PATIENCE, session.prepare(role)).await;
                prepared.map_err(|_| self.unavailable("nothing was prepared in time"))??;
                Ok(session)
            };
            connected
                .await
                .map_err(|error: LedgerError| match error.is_transient() {
                    true => Retry::Again(error),
                    false => Retry::Stop(error),
                })
        };
        retry(&self.world, &CONNECT_AGAIN, attempt).await
    }

    /// Whether nothing will come of what a session does: the server, as a new connection finds it, has no process for it any
    /// more. What stands between, a pooler say, may keep a connection to a server that is gone. Not known is no.
    async fn is_over(&self, session: &Session) -> bool {
        let look = async {
            let (another, _) = Box::pin(self.connect(Role::Reader)).await.ok()?;
            another.knows(session).await.ok()
        };
        let looked = self.world.clock.timeout(CONNECT_PATIENCE * 2, look).await;
        looked.ok().flatten() == Some(false)
    }

    fn unavailable(&self, what: &str) -> LedgerError {
        LedgerError::unavailable(format!("{}: {what}", self.place.shown()))
    }
}

/// A place for one connection.
#[derive(Debug)]
pub(super) struct Slot {
    server: Arc<Server>,
    role: Role,
    session: Arc<Mutex<Option<Arc<Session>>>>,
}

impl Slot {
    pub(super) fn new(server: &Arc<Server>, role: Role) -> Slot {
        Slot {
            server: Arc::clone(server),
            role,
            session: Arc::default(),
        }
    }

    /// A place whose connection is there already.
    pub(super) fn with_session(server: &Arc<Server>, role: Role, session: Session) -> Slot {
        Slot {
            server: Arc::clone(server),
            role,
            session: Arc::new(Mutex::new(Some(Arc::new(session)))),
        }
    }

    /// Whether a statement is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.session.try_lock().is_err()
    }

    /// Does some work on the connection.
    ///
    /// # Errors
    /// Definite ones when the work was not begun, or the server said that it was undone; else
    /// [`LedgerError::Unknown`] where the role is to write.
    pub(super) async fn with<T, W, F>(&self, work: W) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        W: FnOnce(Arc<Session>) -> F + Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let clock = &self.server.world.clock;
        let turn = clock
            .timeout(TURN_PATIENCE, Arc::clone(&self.session).lock_owned())
            .await;
        let turn = turn.map_err(|_| self.server.unavailable("an earlier statement is still unanswered"))?;
        let (tell, told) = oneshot::channel();
        let (server, role) = (Arc::clone(&self.server), self.role);
        self.server.world.tasks.spawn("postgres statement", async move {
            // Nobody may be there any more to hear it.
            let _ = tell.send(serve(turn, &server, role, work).await);
        });
        match clock.timeout(ANSWER_PATIENCE, told).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(self.no_answer("the process is ending")),
            Err(_) => Err(self.no_answer("no answer in time")),
        }
    }

    fn no_answer(&self, what: &str) -> LedgerError {
        match self.role {
            Role::Writer => LedgerError::unknown(format!("{}: {what}", self.server.place.shown())),
            Role::Reader | Role::Listener => self.server.unavailable(what),
        }
    }
}

/// Does the work, and keeps the connection if it went well. After any error it is made anew: it may have ended, may be
/// inside a transaction, or may lead to a server that is no primary any more.
async fn serve<T, W, F>(
    mut turn: OwnedMutexGuard<Option<Arc<Session>>>,
    server: &Server,
    role: Role,
    work: W,
) -> Result<T, LedgerError>
where
    W: FnOnce(Arc<Session>) -> F,
    F: Future<Output = Result<T, Error>>,
{
    let session = match turn.take().filter(|session| !session.is_closed()) {
        Some(session) => session,
        None => Arc::new(server.ready(role).await?),
    };
    session.begin();
    let work = work(Arc::clone(&session));
    let done = match role {
        Role::Writer => match written(work, server, &session).await {
            Some(done) => done,
            None => {
                let what = "its server has no such session any more";
                return Err(LedgerError::unknown(format!("{}: {what}", server.place.shown())));
            }
        },
        // Nothing hangs on an answer that is read; a server that answers nothing for so long is left.
        Role::Reader | Role::Listener => match server.world.clock.timeout(ANSWER_PATIENCE, work).await {
            Ok(done) => done,
            Err(_) => return Err(server.unavailable("no answer in time")),
        },
    };
    match (done, role, session.warning()) {
        (Ok(_), Role::Writer, Some(warning)) => {
            *turn = Some(session);
            Err(LedgerError::unknown(format!(
                "{}: committed there, maybe on no standby: {warning}",
                server.place.shown()
            )))
        }
        (Ok(done), ..) => {
            *turn = Some(session);
            Ok(done)
        }
        (Err(error), Role::Writer, _) => Err(told(failure::of_write(&error), &session)),
        (Err(error), ..) => Err(told(failure::of_read(&error), &session)),
    }
}

/// What came of a statement that writes, however long it takes: the wait for a standby has no end. None when its server is
/// gone, and nobody has told this connection.
async fn written<T>(work: impl Future<Output = T>, server: &Server, session: &Session) -> Option<T> {
    let mut work = std::pin::pin!(work);
    loop {
        match server.world.clock.timeout(LOOK_PATIENCE, &mut work).await {
            Ok(done) => return Some(done),
            Err(_) if server.is_over(session).await => return None,
            Err(_) => {}
        }
    }
}

/// An error with what the connection's end said.
fn told(error: LedgerError, session: &Session) -> LedgerError {
    match (error, session.end()) {
        (LedgerError::Unknown { reason }, Some(end)) => LedgerError::unknown(format!("{reason}; {end}")),
        (LedgerError::Unavailable { reason }, Some(end)) => LedgerError::unavailable(format!("{reason}; {end}")),
        (other, _) => other,
    }
}
