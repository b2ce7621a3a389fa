//! Services: what callers can call now, by the routes of the moment.

use super::Context;
use crate::wire::{Service, ServiceList};
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// `GET /api/services`.
pub(crate) async fn list(State(context): State<Arc<Context>>) -> Json<ServiceList> {
    let routes = context.spine.routes();
    let services = routes.services().map(|service| Service {
        name: service.name.to_string(),
        contract: service.contract.clone(),
        adapter: service.live.adapter.to_string(),
        version: service.live.version.to_string(),
        functions: service.functions.names().map(str::to_owned).collect(),
        summary: service.summary.clone(),
    });
    Json(ServiceList { services: services.collect() })
}
