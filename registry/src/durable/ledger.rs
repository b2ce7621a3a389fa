//! The ledger, as the spine asks for it.
//!
//! Invariant: what the database cannot say now is `Unavailable`, with the whole reason for the log; a claim whose
//! caller went away while it was made is given back.

use super::accept::Acceptance;
use super::claim::digest_of;
use super::{Durables, lease};
use crate::database::Kind;
use crate::error::{RegistryError, chain};
use async_trait::async_trait;
use nhip_exchange::ExchangeId;
use nhip_exchange::durable::{Claimed, End, Ledger, LedgerError, Status, Work};
use nhip_policies::CallerName;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// How often it is looked whether another gateway ended what somebody waits for here.
const LOOK: Duration = Duration::from_millis(100);
/// How often, where there is no other gateway: for leases that ran out.
const LOOK_ALONE: Duration = Duration::from_secs(1);

#[async_trait]
impl Ledger for Durables {
    async fn claim(&self, key: &str, work: &Work, id: ExchangeId, deadline: Instant) -> Result<Claimed, LedgerError> {
        let mut ends = self.shared.ended.subscribe();
        let key = digest_of(key);
        loop {
            match self.claim_or_release(&key, work, id, deadline).await.map_err(|error| unavailable(&error))? {
                Claimed::UnderWay(first) if Instant::now() < deadline => self.ended(first, &mut ends, deadline).await,
                told => return Ok(told),
            }
        }
    }

    async fn end(&self, id: ExchangeId, attempt: u32, end: &End) -> Result<(), LedgerError> {
        match self.end_claim(id, attempt, end).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(LedgerError::Unavailable(format!("the claim of `{id}` is not held any more"))),
            Err(error) => Err(unavailable(&error)),
        }
    }

    fn release(&self, id: ExchangeId, attempt: u32) {
        // Also called when the runtime is ending: then the claim ends by its time, or with the next start.
        let Ok(runtime) = Handle::try_current() else { return };
        let this = self.clone();
        runtime.spawn(async move {
            if let Err(error) = this.free_claim(id, attempt).await {
                tracing::warn!(exchange = %id, error = chain(&error), "a claim was not given back; it ends by its time");
            }
        });
    }

    async fn accept(
        &self,
        key: Option<&str>,
        work: &Work,
        id: ExchangeId,
        lane: Option<&str>,
    ) -> Result<Claimed, LedgerError> {
        match self.try_accept(key, work, id, lane).await {
            Ok(Acceptance::Told(claimed)) => Ok(claimed),
            Ok(Acceptance::Full(why)) => Err(LedgerError::Full(why)),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn status(&self, caller: &CallerName, id: ExchangeId) -> Result<Option<Status>, LedgerError> {
        self.status_of(caller, id).await.map_err(|error| unavailable(&error))
    }
}

impl Durables {
    /// Claim a key in a task of its own, which gives the claim back where nobody takes it any more.
    async fn claim_or_release(
        &self,
        key: &str,
        work: &Work,
        id: ExchangeId,
        deadline: Instant,
    ) -> Result<Claimed, RegistryError> {
        let (tell, told) = oneshot::channel();
        let (this, key, work) = (self.clone(), key.to_owned(), work.clone());
        let left = deadline.saturating_duration_since(Instant::now()).min(Duration::from_millis(LONGEST_LEFT));
        tokio::spawn(async move {
            let claimed = this.try_claim(&key, &work, id, left).await;
            if let Err(Ok(Claimed::Mine { id, attempt })) = tell.send(claimed) {
                this.release(id, attempt);
            }
        });
        told.await.unwrap_or(Err(RegistryError::Stopping))
    }

    /// Wait until the exchange ended or was given back, or it is time to look, or to give up.
    async fn ended(&self, id: ExchangeId, ends: &mut Receiver<ExchangeId>, deadline: Instant) {
        let look = match self.store.kind() {
            Kind::Sqlite => LOOK_ALONE,
            Kind::Postgres => LOOK,
        };
        let _ = timeout_at(deadline.min(Instant::now() + look), async {
            loop {
                match ends.recv().await {
                    Ok(ended) if ended != id => {}
                    // It may be among those that were missed.
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        })
        .await;
    }
}

/// A lease has room for no more.
const LONGEST_LEFT: u64 = lease::LONGEST.unsigned_abs();

fn unavailable(error: &RegistryError) -> LedgerError {
    LedgerError::Unavailable(chain(error))
}
