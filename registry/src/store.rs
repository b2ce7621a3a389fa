//! The database: one writer, a few readers, and the schema.
//!
//! Invariant: every change goes through [`Store::begin`], one at a time, so a transaction that reads before it writes
//! sees what it decides on; a commit that returned is on the disk. The readers cannot write.
//!
//! The statements of this crate use `$1` parameters and integers, texts and blobs only, so that another database can
//! take the same text; what is SQLite's own is in this file and in the migrations.

use crate::error::{RegistryError, cannot};
use crate::folder::Folder;
use nhip_exchange::Clock;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The database in use.
pub(crate) type Db = Sqlite;
/// A connection, inside a transaction or not.
pub(crate) type Connection = sqlx::SqliteConnection;

/// All schemas, oldest first.
static SCHEMA: Migrator = sqlx::migrate!();

/// How many listings run at once; further ones wait.
const READERS: u32 = 4;
/// How long an operation waits for a lock that somebody else's tool holds on the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    // Held as long as anything can still write.
    _folder: Arc<Folder>,
}

impl Store {
    /// Open the database of the folder and bring it to this binary's schema.
    pub(crate) async fn open(folder: Folder, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        let file = folder.database()?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let unopened = |source| RegistryError::Open { file: file.clone(), source };
        let writer = pool(1).connect_with(options.clone()).await.map_err(unopened)?;
        migrate(&writer, &file).await?;
        // Read by the pragma, not by the file's mode: a reader of a WAL database must write its lock table.
        let reading = options.pragma("query_only", "ON");
        let readers = pool(READERS).connect_with(reading).await.map_err(unopened)?;
        Ok(Self { writer, readers, clock, _folder: Arc::new(folder) })
    }

    /// Begin a change. Changes happen one after the other; one that is dropped before its commit never was.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Db>, RegistryError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(cannot("begin a change"))
    }

    /// Begin to read: all statements of one reading see the same state.
    pub(crate) async fn read(&self) -> Result<Transaction<'static, Db>, RegistryError> {
        self.readers.begin().await.map_err(cannot("be read"))
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        to_db(self.clock.unix_millis())
    }

    /// Finish what is under way and close.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// The writer's connection, for tests that make it fail.
    #[cfg(test)]
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.writer
    }
}

/// Connections that are kept: making one anew is dear, and a file does not time out.
fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(size).idle_timeout(None).max_lifetime(None).test_before_acquire(false)
}

async fn migrate(writer: &SqlitePool, file: &Path) -> Result<(), RegistryError> {
    let known = SCHEMA.iter().map(|migration| migration.version).max().unwrap_or(0);
    SCHEMA.run(writer).await.map_err(|error| match error {
        MigrateError::VersionMissing(found) if found > known => {
            RegistryError::Newer { file: file.to_owned(), found, known }
        }
        source => RegistryError::Migrate { file: file.to_owned(), source },
    })
}

/// A count or time of ours as the database's integer. What does not fit is as good as its greatest.
pub(crate) fn to_db(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The database's integer as a count or time of ours. None of them is ever negative.
pub(crate) fn from_db(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
