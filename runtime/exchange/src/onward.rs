//! The way on: the exchanges that an adapter makes while it serves one, for the contracts that it imports.
//!
//! Each is an exchange like any other: routed, admitted by the policy of whoever serves it, with a slot and a record of its own. The
//! caller is the adapter. Purpose and trace are those of the exchange it serves.
//!
//! Invariant: where the exchange that it serves may be done again, the same calls of the next try have the same idempotency keys, so
//! that each is done once.

use crate::arrival::{Arrival, Origin};
use crate::chain::Chain;
use crate::digest::Digest;
use crate::fault::{Fault, Kind};
use crate::id::ExchangeId;
use crate::outcome::Reply;
use crate::route::Live;
use crate::run::run;
use crate::spine::Spine;
use crate::trace::TraceContext;
use bytes::Bytes;
use compact_str::CompactString;
use nhip_policies::CallerName;
use std::collections::HashMap;
use std::sync::Arc;

/// What an adapter asks of another service.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The contract that it imports.
    pub contract: &'a str,
    /// The public name of the service that its policy names for it.
    pub service: &'a str,
    /// The function.
    pub function: &'a str,
    /// Whether it is accepted now and done later.
    pub later: bool,
    /// The parameters: a JSON object by name.
    pub body: Bytes,
}

/// The exchanges below one exchange.
pub struct Onward {
    spine: Arc<Spine>,
    caller: Result<CallerName, Fault>,
    purpose: Option<CompactString>,
    trace: TraceContext,
    chain: Chain,
    /// How often each was asked.
    asked: HashMap<Digest, u32>,
}

impl Onward {
    pub(crate) fn new(
        spine: Arc<Spine>,
        live: &Live,
        purpose: Option<CompactString>,
        trace: TraceContext,
        chain: Chain,
    ) -> Self {
        let caller = live.policy.adapter.as_str().parse::<CallerName>().map_err(|invalid| {
            Fault::new(Kind::GatewayInternal, "the adapter cannot call other services").inside(invalid.to_string())
        });
        Self { spine, caller, purpose, trace, chain, asked: HashMap::new() }
    }

    /// Run an exchange with another service.
    ///
    /// # Errors
    /// As the exchange ends.
    pub async fn call(&mut self, ask: Ask<'_>) -> Result<Reply, Fault> {
        let arrival = Arrival {
            origin: Origin::Adapter { chain: self.chain.clone(), contract: ask.contract.to_owned() },
            peer: None,
            caller: self.caller.clone(),
            service: ask.service.into(),
            function: ask.function.into(),
            purpose: self.purpose.clone(),
            traceparent: Some(self.trace.to_string()),
            flaw: None,
            key: self.chain.effect.map(|effect| self.key(effect, &ask)),
            later: ask.later,
            body: Box::new(ask.body),
        };
        run(&self.spine, arrival).await.result
    }

    /// The same for the same call of every try. Equal calls of one try are told apart by their order.
    fn key(&mut self, effect: ExchangeId, ask: &Ask<'_>) -> CompactString {
        let Ask { contract: _, service, function, later: _, body } = ask;
        let digest = Digest::of_parts(&[service.as_bytes(), b"/", function.as_bytes(), b"/", body]);
        let asked = self.asked.entry(digest).or_default();
        *asked = asked.saturating_add(1);
        compact_str::format_compact!("adapter {effect} {} {asked}", digest.hex())
    }
}
