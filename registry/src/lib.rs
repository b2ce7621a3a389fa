//! All durable state of the gateway: in one data folder, `nhip.db` (SQLite), `blobs/` and `record/`, or with a
//! PostgreSQL that several gateways share, and the data folder as each one's cache of components and own record.
//!
//! One file per noun. What each keeps is at its head; together they keep this: a change and its control act are one
//! transaction, so a gateway that is killed at any instant finds the last completed state when it starts again.
//!
//! A data folder belongs to one running gateway. Time is passed in.

mod acts;
mod blobs;
mod callers;
mod changes;
mod connection;
mod database;
mod deployment;
mod deployments;
mod directory;
mod durable;
mod error;
mod folder;
mod key;
mod key_value;
mod live;
mod location;
mod query;
pub mod record;
mod schedules;
mod schema;
mod shared_blobs;
mod store;
#[cfg(test)]
mod tests;
mod versions;

pub use acts::{Act, ActFilter, ActKind, Acts, MOST_ACTS};
pub use blobs::{Blobs, LARGEST_BLOB};
pub use callers::{Caller, CallerKey, Callers, Revoke};
pub use deployment::{Deployment, DeploymentId, DeploymentKind, NewDeployment, RollbackTarget};
pub use deployments::{Deployments, MOST_DEPLOYMENTS};
pub use directory::Directory;
pub use durable::{
    Amount, Counts, DeadFilter, DeadLetter, DurableConfig, Durables, InState, Job, KEPT, LONGEST_STORY, Line,
    MOST_DEAD_LETTERS, Room, Story, Taken, Which,
};
pub use error::RegistryError;
pub use key::{KeyShape, NewKey, key_shape};
pub use key_value::{KeyValues, LONGEST_KEY, Usage};
pub use record::{ExchangeFilter, Journal, JournalConfig, MOST_RECORDS, RecordError};
pub use schedules::{ScheduleState, Schedules};
pub use versions::{AdapterVersion, Versions};

use acts::Bell;
use database::Kind;
use folder::Folder;
use nhip_exchange::Clock;
use record::{Archive, RealDisk};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::Store;
use tokio::sync::watch;

/// What a gateway is called that shares its database with nobody.
const LONE: &str = "gateway";

/// What a registry is opened with.
#[derive(Clone)]
pub struct Config {
    /// The data folder, of this gateway alone.
    pub data: PathBuf,
    /// The URL of a PostgreSQL database that gateways share, `postgres://…`; without it, SQLite in the data folder.
    /// It may hold a password, so it is never printed.
    pub database: Option<String>,
    /// The name of this gateway: 1 to 64 letters, digits, `-`, `.` and `_`, its own among those that share a database.
    pub gateway: String,
    /// How the record is written.
    pub journal: JournalConfig,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let database = self.database.as_ref().map(|_| "postgres://…");
        f.debug_struct("Config")
            .field("data", &self.data)
            .field("database", &database)
            .field("gateway", &self.gateway)
            .field("journal", &self.journal)
            .finish()
    }
}

/// The open registry. Cheap to clone, as is each part of it.
#[derive(Clone)]
pub struct Registry {
    /// Components, by digest.
    pub blobs: Blobs,
    /// Which component each version of an adapter is.
    pub versions: Versions,
    /// What is in service, and what was.
    pub deployments: Deployments,
    /// Calling systems and their keys.
    pub callers: Callers,
    /// Who changed what.
    pub acts: Acts,
    /// The record: exchanges and control acts, on a chain.
    pub journal: Journal,
    /// The durable values of adapters.
    pub key_values: KeyValues,
    /// Exchanges that are done later, or once.
    pub durables: Durables,
    /// Where each schedule is.
    pub schedules: Schedules,
    store: Store,
}

impl Registry {
    /// Open the data folder with a database of its own; on first start, make it, for its owner alone.
    ///
    /// # Errors
    /// See [`Registry::open_with`].
    pub async fn open(data: &Path, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        let config = Config {
            data: data.to_owned(),
            database: None,
            gateway: LONE.to_owned(),
            journal: JournalConfig::default(),
        };
        Self::open_with(config, clock).await
    }

    /// Open the data folder and the database; on first start, make what is missing. It runs inside a tokio runtime,
    /// where it follows what other gateways change.
    ///
    /// # Errors
    /// `Folder` when the folder cannot be used, `InUse` when another gateway has it; `GatewayName`, `DatabaseUrl`;
    /// `Newer` when a newer gateway wrote the database, `Unfit` when it would not keep what it is given, `Open`,
    /// `Unreachable` or `Migrate` when it cannot be opened, `Corrupt` when it is not understood; `Record` when the
    /// record is damaged, another gateway's, or without its key.
    pub async fn open_with(config: Config, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        let folder = Folder::hold(&config.data)?;
        let blobs = folder.blobs();
        folder::make(&blobs).map_err(folder::cannot_use(&blobs))?;
        let blobs = Blobs::open(&blobs)?;
        let store = Store::open(folder, &config, Arc::clone(&clock)).await?;
        let blobs = blobs.shared(&store);
        let bell = Bell::default();
        let acts = Acts::new(store.clone(), Arc::clone(&bell));
        let durables = Durables::open(store.clone(), Arc::clone(&bell)).await?;
        let schedules = Schedules::open(store.clone(), durables.boot()).await?;
        let record = config.data.join("record");
        let journal = JournalConfig { gateway: config.gateway, ..config.journal };
        let journal =
            Journal::open(&record, journal, Arc::new(RealDisk), acts.clone(), Archive::of(&store), clock).await?;
        Ok(Self {
            versions: Versions::new(store.clone()),
            deployments: Deployments::new(store.clone(), blobs.clone(), Arc::clone(&bell)),
            callers: Callers::open(store.clone(), bell).await?,
            acts,
            journal,
            key_values: KeyValues::new(store.clone()),
            durables,
            schedules,
            blobs,
            store,
        })
    }

    /// Changes whenever what is in service, or who may call, was changed: here at once, on a shared database by
    /// another gateway within a second. The number says nothing; who sees it change reads again.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.store.changes()
    }

    /// What this gateway is called.
    #[must_use]
    pub fn gateway(&self) -> &str {
        self.store.gateway()
    }

    /// Which database it is: `sqlite` in the data folder, or a shared `postgresql`.
    #[must_use]
    pub fn database(&self) -> &'static str {
        match self.store.kind() {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgresql",
        }
    }

    /// Ends when the last clone of the registry and of its parts is gone: another gateway may have the data folder
    /// then. To wait for it does not hold it.
    pub fn freed(&self) -> impl Future<Output = ()> + Send + use<> {
        self.store.freed()
    }

    /// Finish what is under way and close the database: for a graceful end. The data folder is free again when
    /// [`Registry::freed`] says so.
    pub async fn close(self) {
        self.store.close().await;
    }
}
