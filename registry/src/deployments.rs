//! Deploying, rolling back, retiring: what is in service, and what ever was.
//!
//! Invariant: each change is one transaction with its control act; it names what was live when it was decided and is
//! refused when something else is live by then. So of two changes decided on the same state, one wins and the other
//! is told.
//!
//! **What a rollback returns to.** Each deployment went live when it was made, so the deployments of an adapter, in
//! order, are the history of what was live. The *previous* deployment is the newest one before the live one that
//! differs from it in component, policy or manifest; of a retired adapter, it is the one that was retired. A rollback
//! is itself a new deployment with the same content, so rolling back twice returns to where one began: 1, 2, back to
//! 1, back to 2. To go further back, name the version: then it is the newest earlier deployment of that version that differs
//! from the live one.

use crate::acts::{self, ActKind, Bell, Entry};
use crate::blobs::Blobs;
use crate::deployment::{Deployment, DeploymentId, DeploymentKind, NewDeployment, RollbackTarget, Row, deployments};
use crate::error::{RegistryError, cannot, unsure};
use crate::live;
use crate::store::{Connection, Store, from_db, to_db};
use crate::versions::{self, AdapterVersion};
use nhip_policies::AdapterName;
use semver::Version;
use serde_json::json;

/// The most deployments of one listing.
pub const MOST_DEPLOYMENTS: u32 = 1000;

/// The deployments. Cheap to clone.
#[derive(Clone)]
pub struct Deployments {
    store: Store,
    blobs: Blobs,
    bell: Bell,
}

impl Deployments {
    pub(crate) fn new(store: Store, blobs: Blobs, bell: Bell) -> Self {
        Self { store, blobs, bell }
    }

    /// Put a component in service, in the place of `expected`: what was live when this was decided, or nothing.
    ///
    /// # Errors
    /// `BlobMissing` when the component is not stored; `VersionTaken`; `ServiceTaken`; `Changed`; `Database`.
    pub async fn deploy(
        &self,
        new: NewDeployment,
        expected: Option<DeploymentId>,
    ) -> Result<Deployment, RegistryError> {
        let size = self.blobs.size(&new.component).await?;
        let mut change = self.store.begin().await?;
        live::unchanged(&mut change, &new.adapter, expected).await?;
        let now = from_db(self.store.now_ms());
        let version = AdapterVersion {
            adapter: new.adapter.clone(),
            version: new.version.clone(),
            component: new.component,
            manifest_text: new.manifest_text.clone(),
            contracts: new.contracts.clone(),
            size,
            first_seen_ms: now,
        };
        versions::note(&mut change, &version).await?;
        let deployment = Deployment {
            id: next_id(&mut change).await?,
            adapter: new.adapter,
            version: new.version,
            kind: DeploymentKind::Deploy,
            restores: None,
            component: new.component,
            contracts: new.contracts,
            policy: new.policy,
            policy_text: new.policy_text,
            manifest_text: new.manifest_text,
            services: new.services,
            actor: new.actor,
            created_ms: now,
        };
        go_live(&mut change, &deployment, expected).await?;
        change.announce().await.map_err(cannot("keep a deployment"))?;
        acts::commit(change, &self.bell).await.map_err(unsure("keep a deployment"))?;
        Ok(deployment)
    }

    /// What a rollback would put in service again: the previous deployment, or the newest earlier one of the version
    /// `to`. See the head of this file for what that is.
    ///
    /// # Errors
    /// `UnknownAdapter`, `NothingBefore`, `NoSuchVersion`; `Database` or `Corrupt`.
    pub async fn rollback_target(
        &self,
        adapter: &AdapterName,
        to: Option<&Version>,
    ) -> Result<RollbackTarget, RegistryError> {
        let mut reading = self.store.read().await?;
        let live = live_deployment(&mut reading, adapter).await?;
        // Of a retired adapter everything is earlier, and nothing is the same as what is live.
        let before = live.as_ref().map_or(i64::MAX, |live| live.id.to_db());
        let component = live.as_ref().map(|live| live.component.to_string()).unwrap_or_default();
        let policy = live.as_ref().map(|live| live.policy.to_string()).unwrap_or_default();
        let manifest = live.as_ref().map(|live| live.manifest_text.clone()).unwrap_or_default();
        let row: Option<Row> = sqlx::query_as(deployments!(
            "WHERE d.adapter = $1 AND d.id < $2 AND NOT (v.component = $3 AND d.policy = $4 AND d.manifest = $5) \
             AND ($6 = '' OR d.version = $6) ORDER BY d.id DESC LIMIT 1"
        ))
        .bind(adapter.as_str())
        .bind(before)
        .bind(component)
        .bind(policy)
        .bind(manifest)
        .bind(to.map(ToString::to_string).unwrap_or_default())
        .fetch_optional(&mut *reading)
        .await
        .map_err(cannot("be read"))?;
        match row {
            Some(row) => Ok(RollbackTarget { live: live.map(|live| live.id), deployment: row.try_into()? }),
            None if live.is_none() && newest(&mut reading, adapter).await?.is_none() => {
                Err(RegistryError::UnknownAdapter { adapter: adapter.clone() })
            }
            None => Err(match to {
                Some(version) => RegistryError::NoSuchVersion { adapter: adapter.clone(), version: version.clone() },
                None => RegistryError::NothingBefore { adapter: adapter.clone() },
            }),
        }
    }

    /// Put an earlier deployment in service again, as a new deployment.
    ///
    /// # Errors
    /// `Changed` when something else is live than when the target was read; `BlobMissing`; `ServiceTaken` when another
    /// adapter serves one of its names by now; `Database`.
    pub async fn rollback(&self, target: RollbackTarget, actor: &str) -> Result<Deployment, RegistryError> {
        self.blobs.size(&target.deployment.component).await?;
        let mut change = self.store.begin().await?;
        live::unchanged(&mut change, &target.deployment.adapter, target.live).await?;
        let deployment = Deployment {
            id: next_id(&mut change).await?,
            kind: DeploymentKind::Rollback,
            restores: Some(target.deployment.id),
            actor: actor.to_owned(),
            created_ms: from_db(self.store.now_ms()),
            ..target.deployment
        };
        go_live(&mut change, &deployment, target.live).await?;
        change.announce().await.map_err(cannot("keep a rollback"))?;
        acts::commit(change, &self.bell).await.map_err(unsure("keep a rollback"))?;
        Ok(deployment)
    }

    /// Take an adapter out of service; `expected` is what was live when this was decided.
    ///
    /// # Errors
    /// `NotLive` when nothing is live; `Changed`; `Database`.
    pub async fn retire(
        &self,
        adapter: &AdapterName,
        expected: DeploymentId,
        actor: &str,
    ) -> Result<(), RegistryError> {
        let mut change = self.store.begin().await?;
        if live::of(&mut change, adapter).await?.is_none() {
            return Err(RegistryError::NotLive { adapter: adapter.clone() });
        }
        live::unchanged(&mut change, adapter, Some(expected)).await?;
        live::remove(&mut change, adapter).await?;
        let detail = json!({ "retired": expected });
        let act = Entry::new(actor, ActKind::Retire, adapter, &detail);
        acts::record(&mut change, self.store.now_ms(), act).await?;
        change.announce().await.map_err(cannot("keep a retirement"))?;
        acts::commit(change, &self.bell).await.map_err(unsure("keep a retirement"))
    }

    /// What is in service, by adapter: what to serve after a restart.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn live(&self) -> Result<Vec<Deployment>, RegistryError> {
        let mut reading = self.store.read().await?;
        let rows: Vec<Row> = sqlx::query_as(deployments!("JOIN live l ON l.deployment = d.id ORDER BY d.adapter"))
            .fetch_all(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        rows.into_iter().map(Deployment::try_from).collect()
    }

    /// The live deployment of one adapter.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn live_of(&self, adapter: &AdapterName) -> Result<Option<Deployment>, RegistryError> {
        live_deployment(&mut *self.store.read().await?, adapter).await
    }

    /// The newest deployment of every adapter that was ever deployed, by adapter, and whether it is in service.
    ///
    /// # Errors
    /// `Database` or `Corrupt`.
    pub async fn adapters(&self) -> Result<Vec<(Deployment, bool)>, RegistryError> {
        let mut reading = self.store.read().await?;
        let rows: Vec<Row> = sqlx::query_as(deployments!(
            "WHERE d.id IN (SELECT MAX(id) FROM deployments GROUP BY adapter) ORDER BY d.adapter"
        ))
        .fetch_all(&mut *reading)
        .await
        .map_err(cannot("be read"))?;
        let mut adapters = Vec::with_capacity(rows.len());
        for row in rows {
            let deployment = Deployment::try_from(row)?;
            let live = live::of(&mut reading, &deployment.adapter).await? == Some(deployment.id);
            adapters.push((deployment, live));
        }
        Ok(adapters)
    }

    /// The deployments of an adapter, newest first, at most `limit` and never more than [`MOST_DEPLOYMENTS`].
    ///
    /// # Errors
    /// `UnknownAdapter`; `Database` or `Corrupt`.
    pub async fn history(&self, adapter: &AdapterName, limit: u32) -> Result<Vec<Deployment>, RegistryError> {
        let mut reading = self.store.read().await?;
        if newest(&mut reading, adapter).await?.is_none() {
            return Err(RegistryError::UnknownAdapter { adapter: adapter.clone() });
        }
        let rows: Vec<Row> = sqlx::query_as(deployments!("WHERE d.adapter = $1 ORDER BY d.id DESC LIMIT $2"))
            .bind(adapter.as_str())
            .bind(i64::from(limit.min(MOST_DEPLOYMENTS)))
            .fetch_all(&mut *reading)
            .await
            .map_err(cannot("be read"))?;
        rows.into_iter().map(Deployment::try_from).collect()
    }
}

/// The number of the deployment about to be made. Nobody else makes one until this transaction ends.
async fn next_id(change: &mut Connection) -> Result<DeploymentId, RegistryError> {
    sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) + 1 FROM deployments")
        .fetch_one(change)
        .await
        .map(DeploymentId::from_db)
        .map_err(cannot("be read"))
}

/// Write a deployment, put it in service and put the act on record.
async fn go_live(
    change: &mut Connection,
    deployment: &Deployment,
    replaces: Option<DeploymentId>,
) -> Result<(), RegistryError> {
    sqlx::query(
        "INSERT INTO deployments (id, adapter, version, kind, restores, policy, policy_text, manifest, services, actor, \
         created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(deployment.id.to_db())
    .bind(deployment.adapter.as_str())
    .bind(deployment.version.to_string())
    .bind(deployment.kind.word())
    .bind(deployment.restores.map(DeploymentId::to_db))
    .bind(deployment.policy.to_string())
    .bind(&deployment.policy_text)
    .bind(&deployment.manifest_text)
    .bind(json!(deployment.services).to_string())
    .bind(&deployment.actor)
    .bind(to_db(deployment.created_ms))
    .execute(&mut *change)
    .await
    .map_err(cannot("keep a deployment"))?;
    live::put(change, deployment).await?;
    let kind = match deployment.kind {
        DeploymentKind::Deploy => ActKind::Deploy,
        DeploymentKind::Rollback => ActKind::Rollback,
    };
    let detail = json!({
        "version": deployment.version.to_string(),
        "component": deployment.component,
        "policy": deployment.policy,
        "replaces": replaces,
        "restores": deployment.restores,
    });
    let act =
        Entry { deployment: Some(deployment.id), ..Entry::new(&deployment.actor, kind, &deployment.adapter, &detail) };
    acts::record(change, to_db(deployment.created_ms), act).await
}

async fn live_deployment(reading: &mut Connection, adapter: &AdapterName) -> Result<Option<Deployment>, RegistryError> {
    let row: Option<Row> = sqlx::query_as(deployments!("JOIN live l ON l.deployment = d.id WHERE l.adapter = $1"))
        .bind(adapter.as_str())
        .fetch_optional(reading)
        .await
        .map_err(cannot("be read"))?;
    row.map(Deployment::try_from).transpose()
}

async fn newest(reading: &mut Connection, adapter: &AdapterName) -> Result<Option<DeploymentId>, RegistryError> {
    let newest: Option<i64> = sqlx::query_scalar("SELECT MAX(id) FROM deployments WHERE adapter = $1")
        .bind(adapter.as_str())
        .fetch_one(reading)
        .await
        .map_err(cannot("be read"))?;
    Ok(newest.map(DeploymentId::from_db))
}
