//! The way of one exchange. This file is the picture; each step is in the file of its name.

use crate::admit::admit;
use crate::arrival::Arrival;
use crate::body;
use crate::call::call;
use crate::close::close;
use crate::digest::Digest;
use crate::fault::Fault;
use crate::open::{Open, open};
use crate::outcome::Outcome;
use crate::port::Call;
use crate::route::route;
use crate::slot;
use crate::spine::Spine;
use bytes::Bytes;
use std::sync::Arc;

/// Run one exchange, from arrival to record.
///
/// Whatever happens, also when this future is dropped, the exchange leaves exactly one record.
pub async fn run(spine: &Spine, arrival: Arrival) -> Outcome {
    let mut open = open(spine, &arrival);
    let result = steps(&mut open, arrival).await;
    close(open, result)
}

/// The steps between opening and closing. The first that refuses ends the exchange.
async fn steps(open: &mut Open<'_>, arrival: Arrival) -> Result<Bytes, Fault> {
    open.refusal.take().map_or(Ok(()), Err)?;
    let caller = arrival.caller?;
    arrival.flaw.map_or(Ok(()), Err)?;

    let spine = open.spine;
    let (service, function) = route(&spine.routes.load(), &arrival.origin, &arrival.service, &arrival.function)?;
    let live = &service.live;
    open.served_by(live);
    let limits = &live.policy.limits;
    let deadline = open.started + limits.deadline;

    let purpose = arrival.purpose;
    let permit = admit(caller, &arrival.origin, &service, &arrival.function, purpose.as_deref())?;
    let body = body::read(arrival.body, limits.request, deadline).await?;
    open.record.request = Some(Digest::of(&body));
    let _slot = slot::take(live, &spine.pool)?;

    call(
        live,
        permit,
        Call {
            function,
            body,
            id: open.record.id,
            service: arrival.service,
            function_name: arrival.function,
            purpose,
            attempt: 1,
            trace: open.trace,
            deadline,
            deadline_ms: open
                .record
                .opened_ms
                .saturating_add(u64::try_from(limits.deadline.as_millis()).unwrap_or(u64::MAX)),
            trail: Arc::clone(&open.trail),
        },
    )
    .await
}
