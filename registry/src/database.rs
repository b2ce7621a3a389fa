//! The connections to the database, SQLite in the data folder or a shared PostgreSQL, behind one type.
//!
//! What differs between the two is here, in `schema.rs` and in the migrations. On SQLite one connection writes and
//! the others cannot. On PostgreSQL changes of control have one connection of their own, so that those who wait for
//! their turn among all gateways take none from the adapters' values. Invariant: no operation waits for a connection,
//! an answer or a lock of PostgreSQL without an end, a connection that died while it was idle is not given out, and each is
//! made on the runtime on which the database was opened, whoever asks for it.

use crate::connection::{Transaction, within};
use crate::error::{RegistryError, cannot};
use crate::location::Location;
use crate::schema;
use crate::store::{Db, from_db};
use futures_util::future::BoxFuture;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, ConnectOptions, Connection, Executor};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

/// How many listings run at once; further ones wait.
const READERS: u32 = 4;
/// How many changes to adapters' values and the like run at once on PostgreSQL.
const WRITERS: u32 = 4;
/// How long a connection to PostgreSQL may take to be had: made anew, or waited for.
pub(crate) const ACQUIRE: Duration = Duration::from_secs(5);
/// How long an idle connection has to show that it is alive; one that does not is replaced.
const ALIVE: Duration = Duration::from_secs(1);
/// How long PostgreSQL may be silent in the middle of a transaction: above what the server itself allows a statement.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which database it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// In the data folder, of this gateway alone.
    Sqlite,
    /// Shared by the gateways that were given it.
    Postgres,
}

/// The open database.
#[derive(Debug)]
pub(crate) struct Database {
    kind: Kind,
    name: String,
    gateway: Arc<str>,
    /// The runtime that it was opened on.
    home: Handle,
    control: AnyPool,
    writers: AnyPool,
    readers: AnyPool,
    changes: Arc<watch::Sender<u64>>,
}

/// What a transaction is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    /// To read: all statements see the same state, and none can write.
    Read,
    /// To change something that others may change at the same time.
    Write,
    /// To change what is decided upon one after the other.
    Control,
}

impl Database {
    /// Open the file, which exists, and bring it to this binary's schema.
    pub(crate) async fn sqlite(file: &Path, gateway: Arc<str>) -> Result<Self, RegistryError> {
        sqlx::any::install_default_drivers();
        let name = file.display().to_string();
        schema::prepare_sqlite(file, &name).await?;
        let url = file_url(file)?;
        // The file's journal mode is kept in the file; these are each connection's own.
        let writer = kept(1).after_connect(|connection, _| set(connection, "PRAGMA synchronous = FULL"));
        // Read by the pragma, not by the file's mode: a reader of a WAL database must write its lock table.
        let readers = kept(READERS).after_connect(|connection, _| set(connection, "PRAGMA query_only = ON"));
        let writer = writer.connect_lazy_with(AnyConnectOptions::from_url(&url).map_err(cannot("be opened"))?);
        let readers = readers.connect_lazy_with(AnyConnectOptions::from_url(&url).map_err(cannot("be opened"))?);
        Self::with((Kind::Sqlite, name, gateway), [writer.clone(), writer, readers]).await
    }

    /// Open a shared database and bring it to this binary's schema.
    pub(crate) async fn postgres(location: &Location, gateway: Arc<str>) -> Result<Self, RegistryError> {
        sqlx::any::install_default_drivers();
        schema::prepare_postgres(location).await?;
        let options = AnyConnectOptions::from_url(location.url()).map_err(cannot("be opened"))?;
        let pools = [1, WRITERS, READERS].map(|size| tested(size).connect_lazy_with(options.clone()));
        Self::with((Kind::Postgres, location.to_string(), gateway), pools).await
    }

    async fn with(called: (Kind, String, Arc<str>), pools: [AnyPool; 3]) -> Result<Self, RegistryError> {
        let ((kind, name, gateway), [control, writers, readers]) = (called, pools);
        let home = Handle::current();
        let database = Self { kind, name, gateway, home, control, writers, readers, changes: Arc::default() };
        database.look().await?;
        Ok(database)
    }

    /// Which database it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is called in errors and logs: never its password.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The gateway that uses it here.
    pub(crate) fn gateway(&self) -> &str {
        &self.gateway
    }

    /// The number of the last change of control, as it becomes known here.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// How long an answer may take.
    fn patience(&self) -> Option<Duration> {
        match self.kind {
            // A disk is waited for: there is nobody else to ask.
            Kind::Sqlite => None,
            Kind::Postgres => Some(PATIENCE),
        }
    }

    /// Begin a transaction. A connection that turns out to be dead is replaced once: nothing was sent yet.
    pub(crate) async fn begin(&self, purpose: Purpose) -> Result<Transaction, RegistryError> {
        let begun = match self.try_begin(purpose).await {
            Err(error) if self.kind == Kind::Postgres && is_lost(&error) => self.try_begin(purpose).await,
            other => other,
        };
        let inner = begun.map_err(|source| match self.kind {
            Kind::Sqlite => RegistryError::Database { doing: "begin", source },
            Kind::Postgres => RegistryError::Unreachable { database: self.name.clone(), source },
        })?;
        Ok(Transaction::new(inner, self.patience(), Arc::clone(&self.gateway), Arc::clone(&self.changes)))
    }

    async fn try_begin(&self, purpose: Purpose) -> sqlx::Result<sqlx::Transaction<'static, Db>> {
        let pool = match purpose {
            Purpose::Read => &self.readers,
            Purpose::Write => &self.writers,
            Purpose::Control => &self.control,
        };
        let statement = match (self.kind, purpose) {
            (Kind::Sqlite, Purpose::Read) => "BEGIN",
            // Not upgraded later from reading to writing: what it reads may be decided upon.
            (Kind::Sqlite, _) => "BEGIN IMMEDIATE",
            (Kind::Postgres, Purpose::Read) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            (Kind::Postgres, _) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        if Handle::try_current().is_ok_and(|here| here.id() == self.home.id()) {
            return within(self.patience(), pool.begin_with(statement)).await;
        }
        // A connection that is made belongs to whoever makes it: its socket is watched by that runtime and lives as long, the thread of an SQLite
        // connection has the priority of that thread. So it is made at home. Dropped, this ends the task.
        let (pool, patience) = (pool.clone(), self.patience());
        let mut at_home = JoinSet::new();
        at_home.spawn_on(async move { within(patience, pool.begin_with(statement)).await }, &self.home);
        match at_home.join_next().await {
            Some(Ok(begun)) => begun,
            Some(Err(ended)) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            // Nobody else ends it but a process that stops.
            Some(Err(_)) | None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Read the number of the last change of control, and tell it if it is another one.
    pub(crate) async fn look(&self) -> Result<(), RegistryError> {
        let mut reading = self.begin(Purpose::Read).await?;
        let number = sqlx::query_scalar("SELECT number FROM changes WHERE topic = 'control'")
            .fetch_one(&mut *reading)
            .await
            .map(from_db)
            .map_err(cannot("be read"))?;
        self.changes.send_if_modified(|known| std::mem::replace(known, number) != number);
        Ok(())
    }

    /// Whether it was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.readers.is_closed()
    }

    /// Finish what is under way and close.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
        self.control.close().await;
    }

    /// The connections that write, for tests that make them fail.
    #[cfg(test)]
    pub(crate) fn writers(&self) -> &AnyPool {
        &self.writers
    }
}

/// Connections that are kept: making one anew is dear, and a file does not time out.
fn kept(size: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(size)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| at_rest(connection))
}

/// Whether the connection is in no transaction, as far as the driver knows. Where a change fails because the disk is
/// full, SQLite takes it back by itself, the driver's own `ROLLBACK` fails, and the driver would let nothing begin on
/// the connection any more: another one is made instead.
fn at_rest(connection: &mut AnyConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    let at_rest = !connection.is_in_transaction();
    Box::pin(async move { Ok(at_rest) })
}

/// Connections over a network: each shows that it is alive when it is taken and when it comes back.
fn tested(size: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|connection, _| alive(connection))
        .after_release(|connection, _| alive(connection))
}

fn alive(connection: &mut AnyConnection) -> BoxFuture<'_, sqlx::Result<bool>> {
    Box::pin(async move { within(Some(ALIVE), connection.ping()).await.map(|()| true) })
}

fn set<'c>(connection: &'c mut AnyConnection, pragma: &'static str) -> BoxFuture<'c, sqlx::Result<()>> {
    Box::pin(async move { connection.execute(pragma).await.map(|_| ()) })
}

/// Whether an error tells of the connection rather than of the statement.
fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        // The server is being stopped, crashed, or is starting.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P0")),
        _ => false,
    }
}

/// The file as the URL that the driver wants.
fn file_url(file: &Path) -> Result<Url, RegistryError> {
    let unusable = |why: &str| RegistryError::Folder {
        path: file.to_owned(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidInput, why),
    };
    let file = std::path::absolute(file).map_err(|source| RegistryError::Folder { path: file.to_owned(), source })?;
    let text = file.to_str().ok_or_else(|| unusable("its path is not UTF-8"))?;
    let mut url = Url::parse("sqlite:///").map_err(|_| unusable("it has no URL"))?;
    url.set_path(text);
    Ok(url)
}
