//! The store: transactions on the database in use, the time, and the name of the gateway.
//!
//! Invariant: a transaction that decides on what it reads has its turn alone: control ([`Store::begin`]) among all
//! gateways, what belongs to one name ([`Store::begin_of`]) among those of that name. A commit that returned is on the
//! disk. Readers cannot write.
//!
//! The statements of this crate use `$1` parameters and integers, texts and blobs only, so one text serves both
//! databases. A text holds no NUL: PostgreSQL has none.

use crate::Config;
use crate::changes::{self, Watcher};
use crate::connection::Transaction;
use crate::database::{Database, Kind, Purpose};
use crate::error::{RegistryError, cannot};
use crate::folder::Folder;
use crate::location::Location;
use nhip_exchange::{Clock, Digest};
use std::sync::Arc;
use tokio::sync::watch;

/// The database in use.
pub(crate) type Db = sqlx::Any;
/// A connection inside a transaction.
pub(crate) use crate::connection::Connection;

/// The longest name of a gateway.
const LONGEST_NAME: usize = 64;

/// The open database. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
    // Held as long as anything can still write.
    _folder: Arc<Folder>,
}

impl Store {
    /// Open the database that the configuration names, and bring it to this binary's schema.
    pub(crate) async fn open(folder: Folder, config: &Config, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        let gateway = named(&config.gateway)?;
        let database = match &config.database {
            None => Arc::new(Database::sqlite(&folder.database()?, gateway).await?),
            Some(url) => {
                let database = Arc::new(Database::postgres(&Location::parse(url, &gateway)?, gateway).await?);
                changes::look_for(&database);
                database
            }
        };
        Ok(Self { database, clock, _folder: Arc::new(folder) })
    }

    /// Begin a change of control. They happen one after the other, over all gateways; one that is dropped before its
    /// commit never was.
    pub(crate) async fn begin(&self) -> Result<Transaction, RegistryError> {
        self.change(Purpose::Control, Some(lock("control", ""))).await
    }

    /// Begin a change of what belongs to one name: one after the other for each name.
    pub(crate) async fn begin_of(&self, kind: &str, name: &str) -> Result<Transaction, RegistryError> {
        self.change(Purpose::Write, Some(lock(kind, name))).await
    }

    /// Begin a change that decides on nothing it reads. On PostgreSQL others go on beside it.
    pub(crate) async fn begin_beside(&self) -> Result<Transaction, RegistryError> {
        self.change(Purpose::Write, None).await
    }

    /// Begin to read: all statements of one reading see the same state.
    pub(crate) async fn read(&self) -> Result<Transaction, RegistryError> {
        self.database.begin(Purpose::Read).await
    }

    async fn change(&self, purpose: Purpose, turn: Option<i64>) -> Result<Transaction, RegistryError> {
        let mut change = self.database.begin(purpose).await?;
        // SQLite has one writer anyway. What PostgreSQL reads from here on was kept before the turn began.
        if let (Kind::Postgres, Some(turn)) = (self.database.kind(), turn) {
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(turn)
                .execute(&mut *change)
                .await
                .map_err(cannot("have its turn"))?;
        }
        Ok(change)
    }

    /// The number of the last change of control, as it becomes known here.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.database.changes()
    }

    /// Who wants to look again after each change of control, without keeping the store in use.
    pub(crate) fn watcher(&self) -> Watcher {
        Watcher::new(&self.database)
    }

    /// Which database it is.
    pub(crate) fn kind(&self) -> Kind {
        self.database.kind()
    }

    /// What this gateway is called.
    pub(crate) fn gateway(&self) -> &str {
        self.database.gateway()
    }

    /// Now, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        to_db(self.clock.unix_millis())
    }

    /// Finish what is under way and close.
    pub(crate) async fn close(&self) {
        self.database.close().await;
    }

    /// The connections that write, for tests that make them fail.
    #[cfg(test)]
    pub(crate) fn writers(&self) -> &sqlx::AnyPool {
        self.database.writers()
    }
}

/// The number of the lock for a turn. Two names that share one would wait for each other and no more.
fn lock(kind: &str, name: &str) -> i64 {
    let digest = Digest::of(format!("nhip {kind} {name}").as_bytes());
    digest.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}

/// The gateway's name, if it is one.
fn named(name: &str) -> Result<Arc<str>, RegistryError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(known) {
        return Err(RegistryError::GatewayName { name: name.chars().take(LONGEST_NAME).collect() });
    }
    Ok(name.into())
}

/// A count or time of ours as the database's integer. What does not fit is as good as its greatest.
pub(crate) fn to_db(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The database's integer as a count or time of ours. None of them is ever negative.
pub(crate) fn from_db(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A text from outside as the databases take it: PostgreSQL has no NUL.
pub(crate) fn text(given: &str) -> std::borrow::Cow<'_, str> {
    if given.contains('\0') { given.replace('\0', "\u{fffd}").into() } else { given.into() }
}
