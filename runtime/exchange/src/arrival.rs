//! An arrival: what a listener knows of an exchange before the spine has looked at it.

use crate::chain::Chain;
use crate::fault::Fault;
use crate::id::ExchangeId;
use crate::route::Service;
use async_trait::async_trait;
use bytes::Bytes;
use compact_str::CompactString;
use nhip_policies::CallerName;
use std::sync::Arc;

/// Where the body of a request comes from. It is read only after the caller was admitted, so a stranger cannot make
/// the gateway read, and within the limit and the time that the spine sets.
#[async_trait]
pub trait BodySource: Send {
    /// The whole body.
    ///
    /// # Errors
    /// `too-large` when it is larger than `limit` bytes (also when it only announces to be), `truncated` or
    /// `malformed` when it breaks off.
    async fn read(self: Box<Self>, limit: u64) -> Result<Bytes, Fault>;
}

/// A body that is already there.
#[async_trait]
impl BodySource for Bytes {
    async fn read(self: Box<Self>, limit: u64) -> Result<Bytes, Fault> {
        crate::body::within(self.len() as u64, limit)?;
        Ok(*self)
    }
}

/// What started the exchange.
pub enum Origin {
    /// A request on the data listener.
    Http,
    /// A smoke call on a version that is about to be deployed, not yet routed.
    Smoke(Arc<Service>),
    /// A try of an exchange that was accepted to be done later.
    Delivery {
        /// The id under which it was accepted.
        id: ExchangeId,
        /// Which try this is, from 1.
        attempt: u32,
        /// How many exchanges stand above it, as it was accepted.
        depth: u32,
    },
    /// A schedule of the serving adapter's own policy.
    Schedule(String),
    /// An adapter that imports a contract.
    Adapter {
        /// What stands above it.
        chain: Chain,
        /// The contract that it imports.
        contract: String,
    },
}

impl Origin {
    /// The word in the record.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Smoke(_) => "smoke",
            Self::Delivery { .. } => "delivery",
            Self::Schedule(_) => "schedule",
            Self::Adapter { .. } => "adapter",
        }
    }
}

/// One exchange about to begin.
pub struct Arrival {
    /// What started it.
    pub origin: Origin,
    /// The peer's address.
    pub peer: Option<CompactString>,
    /// Who calls, proven, or why that is not known.
    pub caller: Result<CallerName, Fault>,
    /// The public name of the service asked for, as the caller wrote it.
    pub service: CompactString,
    /// The function asked for, as the caller wrote it.
    pub function: CompactString,
    /// Why the caller asks: a purpose code.
    pub purpose: Option<CompactString>,
    /// The caller's `traceparent`.
    pub traceparent: Option<String>,
    /// What the listener already found wrong: told to the caller once it has proven who it is.
    pub flaw: Option<Fault>,
    /// What makes repeats of this request one effect: the caller's idempotency key.
    pub key: Option<CompactString>,
    /// Whether the caller wants it accepted now and done later.
    pub later: bool,
    /// The request's body.
    pub body: Box<dyn BodySource>,
}
