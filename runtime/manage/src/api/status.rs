//! What the gateway is and how it does, and the wish that it stop.

use super::Context;
use crate::actor::Actor;
use crate::wire::{Status, Stopping};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use std::sync::Arc;

/// `GET /api/status`.
pub(crate) async fn show(State(context): State<Arc<Context>>) -> Json<Status> {
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
        stopping: context.spine.is_stopping() || context.stop.is_stopping(),
    })
}

/// `POST /api/stop`: answered at once; the stop itself is the composition's.
pub(crate) async fn stop(State(context): State<Arc<Context>>, actor: Actor) -> (StatusCode, Json<Stopping>) {
    tracing::info!(%actor, "asked to stop");
    context.stop.stop();
    (StatusCode::ACCEPTED, Json(Stopping { stopping: true }))
}
