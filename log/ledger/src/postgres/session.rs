//! One connection: made, checked, its statements prepared, and driven by a task of its own.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, NoTls, Row, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;
use world::Tasks;

use super::failure;
use super::place::Place;
use super::settings::Settings;
use super::watch::Growth;
use crate::error::LedgerError;

/// How long one address may take to answer a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A peer that is gone without a word is noticed when it owes an acknowledgement for so long...
const PEER_TIMEOUT: Duration = Duration::from_secs(10);
/// ...or, when nothing was sent to it, after three probes.
const PROBE_AFTER: Duration = Duration::from_secs(10);
const PROBE_INTERVAL: Duration = Duration::from_secs(3);
const PROBES: u32 = 3;
/// What every session runs under, whatever the server or the role prefers. The statements rest on READ COMMITTED, and on
/// being told warnings. A statement that waits for long ends on the server, with a definite answer, before its caller
/// gives up; the wait for a synchronous standby, which comes after, has no such end. Each statement knows its index.
const PREPARATIONS: &str = "SET client_min_messages = warning; SET default_transaction_isolation = 'read committed'; \
    SET statement_timeout = '8s'; SET lock_timeout = '4s'; SET idle_in_transaction_session_timeout = '10s'; \
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = off";
/// A session that only announces has nothing to lose; with a commit that waits for no disk, the lock that announcing takes
/// over the whole server is held for moments.
const ANNOUNCER: &str = "SET synchronous_commit = off; LISTEN tidelog";
const BACKEND: &str = "SELECT pid FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2";
const ANNOUNCE: &str = "SELECT pg_notify('tidelog', $1)";

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Statements that write.
    Writer,
    /// Statements that read.
    Reader,
    /// Hears of appends, and tells of them.
    Listener,
}

macro_rules! statements {
    ($($name:ident = $file:literal [$($of:ident),*];)*) => {
        /// The statements by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Sql { $($name),* }

        impl Sql {
            /// The text, and the types of what is bound.
            fn parts(self) -> (&'static str, &'static [Type]) {
                match self { $(Sql::$name => (include_str!($file), &[$(Type::$of),*])),* }
            }
        }
    };
}

statements! {
    Append = "append.sql" [TEXT, INT8, BYTEA, BYTEA, BYTEA];
    CreateBase = "create_base.sql" [TEXT, BYTEA, INT8, INT8, BYTEA, TEXT];
    AdvanceBase = "advance_base.sql" [TEXT, BYTEA, INT8, INT8, BYTEA, TEXT, BYTEA, INT8, INT8, BYTEA, TEXT];
    DeleteBelow = "delete_below.sql" [TEXT, INT8, INT8];
    Read = "read.sql" [TEXT, INT8, INT8, INT8];
    Base = "base.sql" [TEXT];
    Newest = "newest.sql" [TEXT];
}

impl Role {
    fn statements(self) -> &'static [Sql] {
        match self {
            Role::Writer => &[Sql::Append, Sql::CreateBase, Sql::AdvanceBase, Sql::DeleteBelow],
            Role::Reader => &[Sql::Read, Sql::Base, Sql::Newest],
            Role::Listener => &[],
        }
    }
}

/// What the task that drives a connection has heard.
#[derive(Debug, Default)]
struct Heard {
    /// A warning that came since the last statement began.
    warning: Mutex<Option<String>>,
    /// Why the connection ended.
    end: Mutex<Option<String>>,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    heard: Arc<Heard>,
    /// Which process of the server it is, and when that began.
    backend: (i32, String),
    prepared: Vec<(Sql, Statement)>,
}

impl Session {
    /// Connects, sets the session up, and says what the server is set to. Nothing is prepared yet.
    pub(super) async fn connect(
        place: &Place,
        tls: Option<&MakeRustlsConnect>,
        tasks: &Tasks,
        growth: Option<&Arc<Growth>>,
    ) -> Result<(Session, Settings), LedgerError> {
        let config = config(place, tls.is_some());
        let heard = Arc::new(Heard::default());
        let connected = match tls {
            Some(tls) => begin(&config, tls.clone(), tasks, &heard, growth).await,
            None => begin(&config, NoTls, tasks, &heard, growth).await,
        };
        let client = connected.map_err(|error| failure::of_connect(&error))?;
        let mut session = Session {
            client,
            heard,
            backend: (0, String::new()),
            prepared: Vec::new(),
        };
        let settings = session.settle().await.map_err(|error| failure::of_connect(&error))?;
        Ok((session, settings))
    }

    async fn settle(&mut self) -> Result<Settings, Error> {
        self.client.batch_execute(PREPARATIONS).await?;
        let row = self.client.query_one(include_str!("settings.sql"), &[]).await?;
        self.backend = (row.try_get("pid")?, row.try_get("began")?);
        Settings::of(&row)
    }

    /// Whether the server of this session knows the process that serves another: if not, nothing will come of that one.
    pub(super) async fn knows(&self, other: &Session) -> Result<bool, Error> {
        let (pid, began) = &other.backend;
        let rows = self.ask(BACKEND, &[(pid, Type::INT4), (began, Type::TEXT)]).await?;
        Ok(!rows.is_empty())
    }

    /// Prepares what the role needs, in one round trip.
    pub(super) async fn prepare(&mut self, role: Role) -> Result<(), LedgerError> {
        let prepare = role.statements().iter().map(|sql| async {
            let (text, types) = sql.parts();
            Ok((*sql, self.client.prepare_typed(text, types).await?))
        });
        let prepared = futures::future::try_join_all(prepare).await;
        self.prepared = prepared.map_err(|error: Error| failure::of_connect(&error))?;
        if role == Role::Listener {
            let listening = self.client.batch_execute(ANNOUNCER).await;
            listening.map_err(|error| failure::of_connect(&error))?;
        }
        Ok(())
    }

    /// Whether the connection has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Runs a prepared statement to its end, the commit included.
    pub(super) async fn query(&self, sql: Sql, bound: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        match self.prepared.iter().find(|(name, _)| *name == sql) {
            Some((_, statement)) => self.client.query(statement, bound).await,
            None => self.client.query(sql.parts().0, bound).await,
        }
    }

    /// Runs statements without parameters and without answers.
    pub(super) async fn execute(&self, text: &str) -> Result<(), Error> {
        self.client.batch_execute(text).await
    }

    /// Runs a statement that is not prepared.
    pub(super) async fn ask(&self, text: &str, bound: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, Error> {
        self.client.query_typed(text, bound).await
    }

    /// Tells all who listen that a log has grown.
    pub(super) async fn announce(&self, log: &str) -> Result<(), Error> {
        self.ask(ANNOUNCE, &[(&log, Type::TEXT)]).await.map(drop)
    }

    /// Forgets the warnings so far.
    pub(super) fn begin(&self) {
        *self.heard.warning.lock() = None;
    }

    /// The warning that came since. It is heard before the statement is done, since the server sends it first.
    pub(super) fn warning(&self) -> Option<String> {
        self.heard.warning.lock().clone()
    }

    /// Why the connection ended, if it is known.
    pub(super) fn end(&self) -> Option<String> {
        self.heard.end.lock().clone()
    }
}

fn config(place: &Place, tls: bool) -> Config {
    let mut config = Config::new();
    config
        .host(&place.host)
        .port(place.port)
        .user(&place.user)
        .dbname(&place.database)
        .application_name("tidelog")
        .ssl_mode(if tls { SslMode::Require } else { SslMode::Disable })
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(PEER_TIMEOUT)
        .keepalives_idle(PROBE_AFTER)
        .keepalives_interval(PROBE_INTERVAL)
        .keepalives_retries(PROBES);
    if let Some(password) = &place.password {
        config.password(password.reveal());
    }
    config
}

async fn begin<T>(
    config: &Config,
    tls: T,
    tasks: &Tasks,
    heard: &Arc<Heard>,
    growth: Option<&Arc<Growth>>,
) -> Result<Client, Error>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send + 'static,
{
    let (client, connection) = config.connect(tls).await?;
    tasks.spawn(
        "postgres connection",
        drive(connection, Arc::clone(heard), growth.cloned()),
    );
    Ok(client)
}

/// Sends and receives until the session is dropped and its last answer has come, or the connection breaks.
async fn drive<S, T>(mut connection: Connection<S, T>, heard: Arc<Heard>, growth: Option<Arc<Growth>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match (message, &growth) {
            (Ok(AsyncMessage::Notice(notice)), _) if is_warning(&notice) => {
                *heard.warning.lock() = Some(format!("{} {}", notice.code().code(), notice.message()));
            }
            (Ok(AsyncMessage::Notification(told)), Some(growth)) => growth.told(told.payload()),
            (Ok(_), _) => {}
            (Err(error), _) => {
                *heard.end.lock() = Some(failure::shown(&error));
                break;
            }
        }
    }
    if let Some(growth) = growth {
        growth.deaf();
    }
}

/// A warning with the general code is what a cancelled wait for a synchronous standby gives: the transaction has committed
/// here, and nobody knows whether there. One with the code of a shutdown is the same wait, ended with the connection.
/// <https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION-HA>
fn is_warning(notice: &DbError) -> bool {
    *notice.code() == SqlState::WARNING || *notice.code() == SqlState::ADMIN_SHUTDOWN
}
