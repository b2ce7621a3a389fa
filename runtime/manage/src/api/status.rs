//! What the gateway is and how it does, and the wish that it stop.

use super::Context;
use super::health::counts;
use crate::actor::Actor;
use crate::wire::{Durable, Status, Stopping};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use nhip_registry::Counts;
use std::sync::Arc;

/// `GET /api/status`.
pub(crate) async fn show(State(context): State<Arc<Context>>) -> Json<Status> {
    let durable = counts(&context).await.as_ref().map(durable);
    let about = &context.about;
    let live = context.deployments.state();
    Json(Status {
        version: about.version.clone(),
        gateway: context.registry.gateway().to_owned(),
        database: context.registry.database().to_owned(),
        engine: about.engine.clone(),
        data_listener: about.data_listener,
        admin_listener: context.address,
        started_ms: about.started_ms,
        uptime_ms: context.spine.clock().unix_millis().saturating_sub(about.started_ms),
        live: live.serving.len(),
        broken: live.broken.keys().map(ToString::to_string).collect(),
        free_slots: context.spine.free_slots(),
        durable,
        stopping: context.spine.is_stopping() || context.stop.is_stopping(),
    })
}

/// `POST /api/stop`: answered at once; the stop itself is the composition's.
pub(crate) async fn stop(State(context): State<Arc<Context>>, actor: Actor) -> (StatusCode, Json<Stopping>) {
    tracing::info!(%actor, "asked to stop");
    context.stop.stop();
    (StatusCode::ACCEPTED, Json(Stopping { stopping: true }))
}

/// Over all services.
fn durable(counts: &Counts) -> Durable {
    let of = |state: &str| counts.by_service.iter().filter(|one| one.state == state).map(|one| one.exchanges).sum();
    Durable { waiting: of("waiting"), trying: of("trying"), dead: of("dead") }
}
