//! Retiring: an adapter out of service. Its history stays, and a rollback puts it in service again.

use super::Inner;
use super::change::replaced;
use super::refusal::of_registry;
use crate::actor::Actor;
use crate::wire::{Refused, Retired};
use nhip_policies::AdapterName;
use nhip_registry::{ActKind, RegistryError};
use std::sync::Arc;

impl Inner {
    /// The whole of it, one at a time; a refusal goes on record.
    pub(super) async fn retire(
        self: &Arc<Self>,
        adapter: &AdapterName,
        actor: &Actor,
    ) -> Result<Retired, Box<Refused>> {
        let _turn = self.turn.lock().await;
        let result = self.take_out(adapter, actor).await;
        match &result {
            Err(refused) => self.note(actor, ActKind::Retire, adapter, refused).await,
            Ok(done) => tracing::info!(%actor, %adapter, version = done.replaced.version, "retired"),
        }
        result
    }

    async fn take_out(self: &Arc<Self>, adapter: &AdapterName, actor: &Actor) -> Result<Retired, Box<Refused>> {
        self.be_settled().await?;
        let live = self.registry.deployments.live_of(adapter).await.map_err(|error| of_registry(&error))?;
        let Some(before) = live else {
            return Err(of_registry(&self.not_live(adapter).await));
        };
        #[cfg(test)]
        self.reach(super::hook::Point::Begun).await;
        if let Err(error) = self.registry.deployments.retire(adapter, before.id, actor.as_str()).await {
            self.after_failed_commit(error, adapter, Some(before.id)).await?;
        }
        #[cfg(test)]
        self.reach(super::hook::Point::Committed).await;
        self.apply(self.state.load().without(adapter));
        #[cfg(test)]
        self.reach(super::hook::Point::Switched).await;
        Ok(Retired { adapter: adapter.to_string(), replaced: replaced(&before) })
    }

    /// Retired before, or never deployed?
    async fn not_live(&self, adapter: &AdapterName) -> RegistryError {
        match self.registry.deployments.history(adapter, 1).await {
            Ok(_) => RegistryError::NotLive { adapter: adapter.clone() },
            Err(error) => error,
        }
    }
}
