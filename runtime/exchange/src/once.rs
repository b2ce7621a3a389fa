//! Exactly one effect: an exchange with an idempotency key is done by one of its repeats, and one to be done later is
//! accepted once.
//!
//! Invariant: a [`Turn::Mine`] is given back to the ledger exactly once, with its end or without, also when the
//! exchange is dropped.

use crate::arrival::Origin;
use crate::durable::{Claimed, End, Ledger, LedgerError, Work};
use crate::fault::{Fault, Kind, Retry};
use crate::id::ExchangeId;
use crate::outcome::Reply;
use crate::port::FunctionId;
use crate::record::Record;
use crate::route::Live;
use crate::spine::Spine;
use bytes::Bytes;
use compact_str::CompactString;
use std::sync::Arc;
use tokio::time::Instant;

/// What is to be done with an exchange.
pub(crate) enum Turn {
    /// Do it.
    Mine(Claim),
    /// It has been done, or accepted: this is its reply, and the exchange whose reply it is.
    Over(Result<Reply, Fault>, ExchangeId),
}

/// The right to do an exchange.
pub(crate) struct Claim {
    /// The id of the effect.
    pub(crate) id: ExchangeId,
    /// Which try this is.
    pub(crate) attempt: u32,
    /// Where it must be given back; nothing where nobody can repeat it.
    ledger: Option<Arc<dyn Ledger>>,
}

impl Claim {
    /// The right to an exchange that nobody can repeat and that is done now: the ledger need not know of it.
    pub(crate) fn unrepeated(record: &Record) -> Self {
        Self { id: record.id, attempt: record.attempt, ledger: None }
    }

    /// The id under which it is done again if it must be; nothing where nobody does it again.
    pub(crate) fn effect(&self, origin: &Origin) -> Option<ExchangeId> {
        let again = self.ledger.is_some() || matches!(origin, Origin::Delivery { .. });
        again.then_some(self.id)
    }

    /// Keep the end, if it is one for good. A fault after which the same request may be tried again is not: the next
    /// repeat tries again, under the same id.
    pub(crate) async fn settle(mut self, result: &Result<Bytes, Fault>) {
        let Some(ledger) = self.ledger.take() else { return };
        if result.as_ref().is_err_and(|fault| fault.kind.row().retry != Retry::Never) {
            ledger.release(self.id, self.attempt);
            return;
        }
        let end = End { result: result.clone() };
        if let Err(error) = ledger.end(self.id, self.attempt, &end).await {
            // The effect is there and the caller is told so; a repeat is tried under the same id, and the system
            // behind it recognises that.
            tracing::error!(exchange = %self.id, %error, "the end of an exchange with an idempotency key was not kept");
            ledger.release(self.id, self.attempt);
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some(ledger) = self.ledger.take() {
            ledger.release(self.id, self.attempt);
        }
    }
}

/// What the caller demands beyond a plain answer.
pub(crate) struct Demand {
    /// Its idempotency key.
    pub(crate) key: Option<CompactString>,
    /// Whether to accept it now and do it later.
    pub(crate) later: bool,
    /// When the exchange must be over.
    pub(crate) deadline: Instant,
}

/// Whose turn it is to do an exchange. Of one that has no key and is not done later the ledger knows nothing.
pub(crate) async fn turn(
    spine: &Spine,
    record: &Record,
    live: &Live,
    function: FunctionId,
    demand: Demand,
    work: Work,
) -> Result<Turn, Fault> {
    let (id, ledger) = (record.id, &spine.ledger);
    match demand {
        Demand { key: None, later: false, .. } => Ok(Turn::Mine(Claim::unrepeated(record))),
        Demand { key: Some(key), later: false, deadline } => {
            match ledger.claim(&key, &work, id, deadline).await.map_err(refuse)? {
                Claimed::Mine { id, attempt } => {
                    Ok(Turn::Mine(Claim { id, attempt, ledger: Some(Arc::clone(ledger)) }))
                }
                before => over(before),
            }
        }
        Demand { key, later: true, .. } => {
            live.handle.check(function, &work.body)?;
            let lane = lane(live, &work)?;
            match ledger.accept(key.as_deref(), &work, id, lane.as_deref()).await.map_err(refuse)? {
                Claimed::Mine { id, .. } => Ok(Turn::Over(Ok(Reply::Accepted(id)), id)),
                before => over(before),
            }
        }
    }
}

/// What a repeat is told.
fn over(claimed: Claimed) -> Result<Turn, Fault> {
    match claimed {
        Claimed::Ended { id, end } => Ok(Turn::Over(end.result.map(Reply::Answer), id)),
        Claimed::Accepted(id) => Ok(Turn::Over(Ok(Reply::Accepted(id)), id)),
        Claimed::UnderWay(_) => Err(Fault::new(
            Kind::UnderWay,
            "the exchange with this idempotency key is still being done; repeat it in a moment",
        )
        .retry_after(1)),
        Claimed::OtherRequest => Err(Fault::new(
            Kind::KeyReused,
            "this idempotency key was used for another request; use a new key for every new request",
        )),
        Claimed::Mine { .. } => {
            Err(Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
                .inside("a claim was given twice"))
        }
    }
}

fn refuse(error: LedgerError) -> Fault {
    match error {
        LedgerError::Full(why) => {
            Fault::new(Kind::QueueFull, "no more exchanges are accepted to be done later; try again in a while")
                .inside(why)
                .retry_after(30)
        }
        LedgerError::Unavailable(why) => {
            Fault::new(Kind::LedgerUnavailable, "the gateway cannot keep the exchange now; try again in a moment")
                .inside(why)
                .retry_after(5)
        }
    }
}

/// The lane in which the policy wants it done, if any.
fn lane(live: &Live, work: &Work) -> Result<Option<String>, Fault> {
    if live.policy.delivery.lanes.is_empty() {
        return Ok(None);
    }
    // The adapter has found it to fit the function, so it is an object; the policy says where in it to look.
    let parameters = serde_json::from_slice(&work.body)
        .map_err(|_| Fault::new(Kind::Malformed, "the body is not a JSON object of the parameters"))?;
    live.policy.delivery.lane(&work.service, &work.function, &parameters).map_err(|denial| {
        Fault::new(
            Kind::InvalidParameters,
            "the parameters do not say to which ordered lane the exchange belongs; fill in what it is ordered by",
        )
        .inside(denial.to_string())
    })
}
