//! A PostgreSQL database: the ledger of several machines where there is one already. Several logs may share it.
//!
//! Every call is one statement, which judges and writes at once; `postgres/append.sql` says why nothing can come in
//! between. A process has at most four connections: one that writes, two that read, so that a long read of old entries
//! does not hold up the look at the tip, and one that hears of appends. This room knows the server only through
//! `tokio_postgres`, whose connection tells warnings before the answer of the statement that they belong to.

mod columns;
mod examine;
mod failure;
mod place;
mod schema;
mod session;
mod settings;
mod slot;
mod tls;
mod watch;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};
use world::World;

use self::columns::{Columns, column, number};
pub(crate) use self::examine::examine;
use self::place::Place;
use self::session::{Role, Session, Sql};
use self::slot::{Server, Slot, Tls};
use self::watch::{Growth, Herald};
use crate::backend::{Append, Backend, Base, Looks, RawRead};
use crate::envelope::HEADER_BYTES;
use crate::error::{LedgerError, OpenError};
use crate::ids::{Hash, Position};
use crate::memory::Collect;

/// The most bytes of a stored entry.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// The most entries that one read takes, and the most bytes, whatever is asked for.
const READ_ENTRIES_MAX: usize = 4096;
const READ_BYTES_MAX: usize = 32 << 20;
/// Appends at position 0 come one after another: there is no entry before that a lock could hold.
const GENESIS: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";

/// A ledger in a PostgreSQL database.
#[derive(Debug)]
pub struct PostgresLedger {
    server: Arc<Server>,
    writer: Slot,
    readers: [Slot; 2],
    herald: Option<Herald>,
}

impl PostgresLedger {
    /// Opens the log that a URL names, `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?log=NAME&...]`, and makes the tables
    /// if they are not there. Warns where what is acknowledged lies on one server alone.
    ///
    /// # Errors
    /// When the URL is wrong, the server cannot be reached, is a standby, is set to lose what it answered, or the tables
    /// cannot be made or are of a newer version. No error holds the password.
    pub async fn open(url: &str, world: &World) -> Result<PostgresLedger, OpenError> {
        let server = Arc::new(Self::server(url, world).await?);
        let refused = |error| match error {
            LedgerError::Refused { reason } => OpenError::Unusable { what: reason },
            other => OpenError::Ledger(other),
        };
        let (mut session, settings) = server.connect(Role::Writer).await.map_err(refused)?;
        schema::settle(&session).await?;
        session.prepare(Role::Writer).await.map_err(refused)?;
        for warning in settings.warnings() {
            tracing::warn!(server = server.place.shown(), "{warning}");
        }
        Ok(PostgresLedger {
            writer: Slot::with_session(&server, Role::Writer, session),
            readers: [(); 2].map(|()| Slot::new(&server, Role::Reader)),
            herald: server.place.notify.then(|| Herald::new(&server)),
            server,
        })
    }

    /// How connections to the server of a URL are made. None is made yet.
    async fn server(url: &str, world: &World) -> Result<Server, OpenError> {
        let place = Place::parse(url).map_err(|what| OpenError::Url {
            url: "postgres:...".to_owned(),
            what,
        })?;
        let shown = place.shown();
        let unusable = |what| OpenError::Unusable {
            what: format!("{shown}: {what}"),
        };
        let tls = tls::connector(&place.encryption, &world.tasks)
            .await
            .map_err(unusable)?;
        Ok(Server {
            growth: Arc::new(Growth::new(&place.log, &world.clock)),
            place,
            tls: tls.map(Tls),
            // A tree of tasks of its own: the connections last as long as the ledger, and no shutdown waits for them.
            world: world.child("postgres"),
        })
    }

    fn reader(&self) -> &Slot {
        let [first, second] = &self.readers;
        if first.is_busy() { second } else { first }
    }

    fn log(&self) -> String {
        self.server.place.log.clone()
    }

    fn growth(&self) -> &Growth {
        &self.server.growth
    }

    /// The last position there is.
    async fn newest(&self) -> Result<Option<i64>, LedgerError> {
        let log = self.log();
        let newest = self.reader().with(move |session| async move {
            let rows = session.query(Sql::Newest, &[&log]).await?;
            rows.first().map_or(Ok(None), |row| row.try_get(0))
        });
        let newest = newest.await?;
        self.growth().found(newest);
        Ok(newest)
    }

    /// Looks for other processes' appends until there is one.
    async fn poll(&self) -> Result<(), LedgerError> {
        let _turn = self.growth().pace.turn().await;
        let before = self.growth().seen();
        loop {
            self.server.world.clock.sleep(self.growth().poll_interval()).await;
            if self.newest().await? != before {
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Backend for PostgresLedger {
    async fn append(&self, position: Position, previous: Hash, envelope: Bytes) -> Result<Append, LedgerError> {
        if envelope.len() > ENTRY_BYTES_MAX {
            let (bytes, bytes_max) = (envelope.len(), ENTRY_BYTES_MAX);
            return Err(LedgerError::TooLarge { bytes, bytes_max });
        }
        let (log, at) = (self.log(), column(position)?);
        let judged = self.writer.with(move |session| async move {
            if at > 0 {
                return append(&session, &log, at, previous, &envelope).await;
            }
            session.execute("BEGIN").await?;
            session.ask(GENESIS, &[(&log, Type::TEXT)]).await?;
            let judged = append(&session, &log, at, previous, &envelope).await?;
            session.execute("COMMIT").await?;
            Ok(judged)
        });
        let judged = match &*judged.await? {
            "appended" => Append::Appended,
            "trimmed" => Append::Trimmed,
            "taken" => Append::Taken,
            "differs" => Append::PredecessorDiffers,
            other => return Err(LedgerError::unknown(format!("postgres: the append gave {other:?}"))),
        };
        if judged == Append::Appended {
            self.growth().appended(at);
            self.herald.iter().for_each(Herald::announce);
        }
        Ok(judged)
    }

    async fn read(&self, from: Position, max_bytes: usize) -> Result<RawRead, LedgerError> {
        let mut collect = Collect::new(from, max_bytes);
        // Above what a column holds there is nothing.
        let Ok(first) = column(from) else {
            return Ok(collect.read);
        };
        let max_bytes = max_bytes.min(READ_BYTES_MAX);
        // No entry is smaller than its envelope's head, so more than so many rows cannot be wanted. The third one may be
        // needed to know that there is more.
        let limit = match max_bytes {
            0 => 1,
            bytes => (bytes / HEADER_BYTES + 3).min(READ_ENTRIES_MAX),
        };
        let last = first.saturating_add(i64::try_from(limit - 1).unwrap_or(i64::MAX));
        let bytes = i64::try_from(max_bytes).unwrap_or(i64::MAX);
        let log = self.log();
        let rows = self.reader().with(move |session| async move {
            let rows = session.query(Sql::Read, &[&log, &first, &last, &bytes]).await?;
            rows.iter().map(entry_of).collect::<Result<Vec<_>, Error>>()
        });
        let rows = rows.await?;
        let count = rows.len();
        for ((position, bytes), next) in rows.into_iter().zip(from..) {
            let position = number(position)?;
            let Some(bytes) = bytes else {
                // Beyond the bytes, unless there is a gap before it.
                collect.read.more = position == next;
                return Ok(collect.read);
            };
            if !collect.take(position, bytes.len(), || bytes) {
                return Ok(collect.read);
            }
        }
        collect.read.more = limit > 1 && count == limit;
        Ok(collect.read)
    }

    async fn base(&self) -> Result<Option<Base>, LedgerError> {
        let log = self.log();
        let read = self.reader().with(move |session| async move {
            let rows = session.query(Sql::Base, &[&log]).await?;
            rows.first().map(Columns::of).transpose()
        });
        read.await?.map(Columns::base).transpose()
    }

    async fn create_base(&self, base: &Base) -> Result<bool, LedgerError> {
        let (log, base) = (self.log(), Columns::from(base)?);
        let created = self.writer.with(move |session| async move {
            let Columns {
                cluster,
                era,
                position,
                hash,
                snapshot,
            } = &base;
            session
                .query(Sql::CreateBase, &[&log, cluster, era, position, hash, snapshot])
                .await
                .map(|rows| rows.len() == 1)
        });
        created.await
    }

    async fn advance_base(&self, old: &Base, new: &Base) -> Result<bool, LedgerError> {
        let (log, old, new) = (self.log(), Columns::from(old)?, Columns::from(new)?);
        let advanced = self.writer.with(move |session| async move {
            let bound: &[&(dyn ToSql + Sync)] = &[
                &log,
                &new.cluster,
                &new.era,
                &new.position,
                &new.hash,
                &new.snapshot,
                &old.cluster,
                &old.era,
                &old.position,
                &old.hash,
                &old.snapshot,
            ];
            session.query(Sql::AdvanceBase, bound).await.map(|rows| rows.len() == 1)
        });
        advanced.await
    }

    async fn delete_below(&self, position: Position, limit: u32) -> Result<u64, LedgerError> {
        let (log, below, limit) = (self.log(), column(position.min(i64::MAX as u64))?, i64::from(limit));
        let deleted = self.writer.with(move |session| async move {
            let rows = session.query(Sql::DeleteBelow, &[&log, &below, &limit]).await?;
            rows.first().map_or(Ok(0), |row| row.try_get(0))
        });
        number(deleted.await?)
    }

    async fn watch(&self, after: Position) -> Result<(), LedgerError> {
        loop {
            // Listening begins here, before the look, or an append between the two would be noticed late.
            let grown = self.growth().pace.grown();
            self.herald.iter().for_each(Herald::listen);
            let newest = self.newest().await?.and_then(|newest| u64::try_from(newest).ok());
            if newest.is_some_and(|newest| newest > after) {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = grown => {}
                polled = self.poll() => polled?,
            }
        }
    }

    fn looks(&self) -> Looks {
        Looks::InStatement
    }

    fn entry_bytes_max(&self) -> usize {
        ENTRY_BYTES_MAX
    }
}

/// What the append's statement says became of it.
async fn append(session: &Session, log: &str, at: i64, previous: Hash, envelope: &[u8]) -> Result<String, Error> {
    let hash = Hash::of(envelope);
    let (hash, previous) = (&hash.0[..], &previous.0[..]);
    let rows = session
        .query(Sql::Append, &[&log, &at, &hash, &envelope, &previous])
        .await?;
    rows.first().map_or(Ok(String::new()), |row| row.try_get(0))
}

fn entry_of(row: &Row) -> Result<(i64, Option<Bytes>), Error> {
    let bytes: Option<&[u8]> = row.try_get(1)?;
    Ok((row.try_get(0)?, bytes.map(Bytes::copy_from_slice)))
}
