//! Rolling back: an earlier deployment in service again. Of a version that is still in memory it is a pointer swap;
//! any other is admitted again from its stored component.
//!
//! It makes no smoke calls: it served before, and a rollback must not wait for an upstream system that is down.

use super::Inner;
use super::change::deployed;
use super::refusal::{defect, of_registry};
use crate::actor::Actor;
use crate::wire::{Deployed, Refused};
use nhip_policies::AdapterName;
use nhip_registry::{ActKind, Deployment, RollbackTarget};
use semver::Version;
use std::sync::Arc;

impl Inner {
    /// The whole of it, one at a time; a refusal goes on record.
    pub(super) async fn rollback(
        self: &Arc<Self>,
        adapter: &AdapterName,
        to: Option<&Version>,
        actor: &Actor,
    ) -> Result<Deployed, Box<Refused>> {
        let _turn = self.turn.lock().await;
        let result = self.roll_back(adapter, to, actor).await;
        match &result {
            Err(refused) => self.note(actor, ActKind::Rollback, adapter, refused).await,
            Ok(done) => {
                tracing::info!(%actor, %adapter, version = done.version, deployment = %done.deployment, "rolled back")
            }
        }
        result
    }

    async fn roll_back(
        self: &Arc<Self>,
        adapter: &AdapterName,
        to: Option<&Version>,
        actor: &Actor,
    ) -> Result<Deployed, Box<Refused>> {
        self.be_settled().await?;
        let deployments = &self.registry.deployments;
        let before = deployments.live_of(adapter).await.map_err(|error| of_registry(&error))?;
        let target = deployments.rollback_target(adapter, to).await.map_err(|error| of_registry(&error))?;
        #[cfg(test)]
        self.reach(super::hook::Point::Begun).await;
        let candidate = self.ready(&target.deployment).await?;
        #[cfg(test)]
        self.reach(super::hook::Point::Admitted).await;
        let deployment = self.commit_rollback(target, adapter, actor).await?;
        #[cfg(test)]
        self.reach(super::hook::Point::Committed).await;
        self.switch(&deployment, &candidate);
        #[cfg(test)]
        self.reach(super::hook::Point::Switched).await;
        Ok(deployed(&deployment, &candidate, before.as_ref(), 0))
    }

    async fn commit_rollback(
        self: &Arc<Self>,
        target: RollbackTarget,
        adapter: &AdapterName,
        actor: &Actor,
    ) -> Result<Deployment, Box<Refused>> {
        let before = target.live;
        match self.registry.deployments.rollback(target, actor.as_str()).await {
            Ok(deployment) => Ok(deployment),
            Err(error) => self
                .after_failed_commit(error, adapter, before)
                .await?
                .ok_or_else(|| defect("the registry took the adapter out of service instead of rolling it back")),
        }
    }
}
