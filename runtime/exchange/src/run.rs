//! The way of one exchange. This file is the picture; each step is in the file of its name.

use crate::admit::admit;
use crate::arrival::{Arrival, Origin};
use crate::behind;
use crate::body;
use crate::call;
use crate::chain::{self, Chain};
use crate::close::close;
use crate::digest::Digest;
use crate::durable::Work;
use crate::fault::Fault;
use crate::once::{self, Claim, Demand, Turn};
use crate::onward::Onward;
use crate::open::{Open, open};
use crate::outcome::{Outcome, Reply};
use crate::port::Call;
use crate::route::route;
use crate::slot;
use crate::spine::Spine;
use compact_str::CompactString;
use std::sync::Arc;

/// Run one exchange, from arrival to record.
///
/// Whatever happens, also when this future is dropped, the exchange leaves exactly one record. Only where the record has no
/// place for it, or the caller goes away before it has one, nothing begins and no record is left.
pub fn run(spine: &Arc<Spine>, arrival: impl Into<Box<Arrival>>) -> impl Future<Output = Outcome> {
    // In one place: a future holds what it is given beside what it makes of it, and so does each that awaits it.
    through(spine, arrival.into())
}

async fn through(spine: &Arc<Spine>, mut arrival: Box<Arrival>) -> Outcome {
    let mut open = open(spine, &mut arrival).await;
    let result = steps(&mut open, arrival).await;
    close(&mut open, result).await
}

/// The steps between opening and closing. The first that refuses ends the exchange.
async fn steps(open: &mut Open<'_>, arrival: Box<Arrival>) -> Result<Reply, Fault> {
    open.refusal.take().map_or(Ok(()), Err)?;
    let caller = arrival.caller?;
    arrival.flaw.map_or(Ok(()), Err)?;

    let spine = open.spine;
    let (service, function) = route(&spine.routes.load(), &arrival.origin, &arrival.service, &arrival.function)?;
    let live = &service.live;
    open.served_by(live);
    let limits = &live.policy.limits;
    let deadline = chain::deadline(&arrival.origin, open.started + limits.deadline);

    let purpose = arrival.purpose;
    let permit = admit(caller, &arrival.origin, &service, &arrival.function, purpose.as_deref())?;
    chain::check(&arrival.origin, &service, arrival.later)?;
    let body = body::read(arrival.body, limits.request, deadline).await?;
    let request = Digest::of(&body);
    open.record.request = Some(request);

    let claim = if arrival.key.is_none() && !arrival.later {
        Claim::unrepeated(&open.record)
    } else {
        let demand = Demand { key: arrival.key, later: arrival.later, deadline };
        let work = Work {
            caller: permit.caller().clone(),
            service: arrival.service.to_string(),
            function: arrival.function.to_string(),
            purpose: purpose.as_ref().map(CompactString::to_string),
            trace: open.record.trace.to_string(),
            depth: chain::depth(&arrival.origin),
            body: body.clone(),
            request,
        };
        match Box::pin(once::turn(spine, &open.record, live, function, demand, work)).await? {
            Turn::Mine(claim) => claim,
            Turn::Over(reply, first) => return open.repeats(reply, first),
        }
    };
    open.doing(&claim);

    // Most adapters import nothing, and their exchanges do not pay for those that do.
    let onward = (!live.policy.imports.is_empty()).then(|| {
        let effect = claim.effect(&arrival.origin);
        let chain = Chain::below(&arrival.origin, open.record.id, &service, deadline, effect);
        Box::new(Onward::new(Arc::clone(spine), live, purpose.clone(), open.record.trace, chain))
    });
    let call = Call {
        function,
        body,
        id: claim.id,
        service: arrival.service,
        function_name: arrival.function,
        purpose,
        attempt: claim.attempt,
        trace: open.record.trace,
        deadline,
        deadline_ms: open.deadline_ms(deadline),
        trail: Arc::clone(&open.trail),
        onward,
    };
    if matches!(arrival.origin, Origin::Http) {
        // What others have sent is read and admitted first; then all their adapters run, one right after the other.
        behind::what_is_ready().await;
    }
    let result = match slot::take(live, &spine.pool) {
        Ok(_slot) => call::call(live, permit, call).await,
        Err(full) => Err(full),
    };
    claim.settle(&result).await;
    result.map(Reply::Answer)
}
