//! The chain of exchanges whose adapters call one another.
//!
//! Invariant: a chain ends. At most [`DEEPEST`] exchanges stand one below another, those that are done later included; among those that
//! wait for one another no service stands twice, and none may take longer than the one that waits for it.

use crate::arrival::Origin;
use crate::fault::{Fault, Kind};
use crate::id::ExchangeId;
use crate::route::Service;
use compact_str::CompactString;
use std::sync::Arc;
use tokio::time::Instant;

/// Most exchanges one below another, the outermost included.
pub const DEEPEST: u32 = 8;

/// What stands above an exchange that an adapter makes.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The exchange whose adapter calls.
    pub(crate) parent: ExchangeId,
    /// How many exchanges stand above.
    pub(crate) depth: u32,
    /// The services that wait, the outermost first.
    pub(crate) waiting: Arc<[CompactString]>,
    /// When the one that waits must be over.
    pub(crate) deadline: Instant,
    /// The id under which the exchange above is done again if it must be; nothing where it is done once or not at all.
    pub(crate) effect: Option<ExchangeId>,
}

/// How many exchanges stand above one of this origin.
pub(crate) fn depth(origin: &Origin) -> u32 {
    match origin {
        Origin::Adapter { chain, .. } => chain.depth,
        Origin::Delivery { depth, .. } => *depth,
        Origin::Http | Origin::Smoke(_) | Origin::Schedule(_) => 0,
    }
}

/// When an exchange must be over whose policy lets it run until `own`.
pub(crate) fn deadline(origin: &Origin, own: Instant) -> Instant {
    match origin {
        Origin::Adapter { chain, .. } => own.min(chain.deadline),
        Origin::Http | Origin::Smoke(_) | Origin::Delivery { .. } | Origin::Schedule(_) => own,
    }
}

/// Refuse what would make a chain too long or a circle, or would give an adapter another contract than it imports.
pub(crate) fn check(origin: &Origin, service: &Service, later: bool) -> Result<(), Fault> {
    if depth(origin) >= DEEPEST {
        return Err(refuse("too many adapters call one another")
            .inside(format!("{DEEPEST} exchanges stand one below another, and there may be no more")));
    }
    let Origin::Adapter { chain, contract } = origin else { return Ok(()) };
    // What is done later waits for nobody and nobody for it.
    if !later && chain.waiting.contains(&service.name) {
        let circle = chain.waiting.join("` → `");
        return Err(refuse("adapters call one another in a circle")
            .inside(format!("`{circle}` → `{}`: each waits for the next", service.name)));
    }
    if path(contract) != path(&service.contract) {
        return Err(refuse("the service has another contract than the adapter imports").inside(format!(
            "`{}` serves `{}`, and the adapter imports `{contract}`: correct `[imports]` of its policy",
            service.name, service.contract
        )));
    }
    Ok(())
}

fn refuse(outside: &'static str) -> Fault {
    Fault::new(Kind::ImportRefused, outside)
}

/// A contract without its version. Whether two versions go together is seen by their types.
#[must_use]
pub fn path(contract: &str) -> &str {
    contract.split_once('@').map_or(contract, |(path, _)| path)
}

impl Chain {
    /// The chain for what an exchange's adapter calls.
    pub(crate) fn below(
        origin: &Origin,
        parent: ExchangeId,
        service: &Service,
        deadline: Instant,
        effect: Option<ExchangeId>,
    ) -> Self {
        let above = match origin {
            Origin::Adapter { chain, .. } => chain.waiting.iter().cloned().collect(),
            Origin::Http | Origin::Smoke(_) | Origin::Delivery { .. } | Origin::Schedule(_) => Vec::new(),
        };
        let waiting = above.into_iter().chain([service.name.clone()]).collect();
        Self { parent, depth: depth(origin).saturating_add(1), waiting, deadline, effect }
    }
}
