//! All durable state of the gateway, in one data folder: `nhip.db` (SQLite), `blobs/` and `record/`.
//!
//! One file per noun. What each keeps is at its head; together they keep this: a change and its control act are one
//! transaction, so a gateway that is killed at any instant finds the last completed state when it starts again.
//!
//! A data folder belongs to one running gateway. Time is passed in.

mod acts;
mod blobs;
mod callers;
mod deployment;
mod deployments;
mod directory;
mod error;
mod folder;
mod key;
mod key_value;
mod live;
pub mod record;
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
pub use error::RegistryError;
pub use key::{KeyShape, NewKey, key_shape};
pub use key_value::{KeyValues, LONGEST_KEY, Usage};
pub use record::{ExchangeFilter, Journal, JournalConfig, MOST_RECORDS, RecordError};
pub use versions::{AdapterVersion, Versions};

use acts::Bell;
use folder::Folder;
use nhip_exchange::Clock;
use record::RealDisk;
use std::path::Path;
use std::sync::Arc;
use store::Store;

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
    store: Store,
}

impl Registry {
    /// Open the data folder; on first start, make it, for its owner alone.
    ///
    /// # Errors
    /// `Folder` when it cannot be used, `InUse` when another gateway has it, `Newer` when a newer one wrote it,
    /// `Open` or `Migrate` when the database cannot be opened, `Corrupt` when it is not understood, `Record` when the
    /// record is damaged, another gateway's, or without its key.
    pub async fn open(data: &Path, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        Self::open_with(data, JournalConfig::default(), clock).await
    }

    /// The same, with a record that is written so.
    ///
    /// # Errors
    /// Those of [`Self::open`].
    pub async fn open_with(data: &Path, journal: JournalConfig, clock: Arc<dyn Clock>) -> Result<Self, RegistryError> {
        let folder = Folder::hold(data)?;
        let blobs = folder.blobs();
        folder::make(&blobs).map_err(folder::cannot_use(&blobs))?;
        let blobs = Blobs::open(&blobs)?;
        let store = Store::open(folder, Arc::clone(&clock)).await?;
        let bell = Bell::default();
        let acts = Acts::new(store.clone(), Arc::clone(&bell));
        let journal = Journal::open(&data.join("record"), journal, Arc::new(RealDisk), acts.clone(), clock).await?;
        Ok(Self {
            versions: Versions::new(store.clone()),
            deployments: Deployments::new(store.clone(), blobs.clone(), Arc::clone(&bell)),
            callers: Callers::open(store.clone(), bell).await?,
            acts,
            journal,
            key_values: KeyValues::new(store.clone()),
            blobs,
            store,
        })
    }

    /// Finish what is under way and close the database: for a graceful end. The data folder is free again when the
    /// last clone of the registry and of its parts is gone.
    pub async fn close(self) {
        self.store.close().await;
    }
}
