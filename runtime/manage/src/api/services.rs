//! Services: what callers can call now, by the routes of the moment.

use super::Context;
use crate::wire::{Service, ServiceList};
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// `GET /api/services`.
pub(crate) async fn list(State(context): State<Arc<Context>>) -> Json<ServiceList> {
    let routes = context.spine.routes();
    let services = routes.services().map(|service| {
        let mut functions: Vec<String> = service.functions.keys().cloned().collect();
        functions.sort_unstable();
        Service {
            name: service.name.clone(),
            contract: service.contract.clone(),
            adapter: service.live.adapter.clone(),
            version: service.live.version.clone(),
            functions,
            summary: service.summary.clone(),
        }
    });
    Json(ServiceList { services: services.collect() })
}
