//! The control API: the table of its routes, and what their handlers share. One file per noun.
//!
//! Invariant: what is not in [`routes`] does not exist, and every entry but those of [`door::OPEN`] is behind the
//! token; the tests go through the same table.

mod acts;
mod adapters;
mod audit;
mod callers;
mod dead_letters;
mod deployments;
mod exchanges;
mod export;
mod extract;
mod health;
mod refusal;
mod services;
mod status;
mod upload;

pub(crate) use refusal::Refusal;

use crate::config::{AdminConfig, AdminLimits};
use crate::door;
use crate::state::AdminState;
use crate::wire::{Address, AddressList};
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Json, Router};
use http::{Method, StatusCode};
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// A route of the control API.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    handler: MethodRouter<Arc<Context>>,
}

/// All of them.
pub(crate) fn routes() -> Vec<Route> {
    let route = |method, path, handler| Route { method, path, handler };
    vec![
        route(Method::GET, "/healthz", get(health::healthz)),
        route(Method::GET, "/readyz", get(health::readyz)),
        route(Method::GET, "/metrics", get(health::metrics)),
        route(Method::GET, "/api", get(index)),
        route(Method::GET, "/api/status", get(status::show)),
        route(Method::POST, "/api/stop", post(status::stop)),
        route(Method::GET, "/api/adapters", get(adapters::list)),
        route(Method::GET, "/api/adapters/{name}", get(adapters::show)),
        route(Method::DELETE, "/api/adapters/{name}", delete(deployments::retire)),
        route(Method::POST, "/api/adapters/{name}/rollback", post(deployments::rollback)),
        route(Method::POST, "/api/deployments", post(deployments::deploy)),
        route(Method::GET, "/api/services", get(services::list)),
        route(Method::GET, "/api/callers", get(callers::list)),
        route(Method::POST, "/api/callers", post(callers::add)),
        route(Method::POST, "/api/callers/{name}/keys", post(callers::add_key)),
        route(Method::DELETE, "/api/callers/{name}", delete(callers::revoke)),
        route(Method::GET, "/api/exchanges", get(exchanges::list)),
        route(Method::GET, "/api/dead-letters", get(dead_letters::list)),
        route(Method::GET, "/api/dead-letters/{id}", get(dead_letters::show)),
        route(Method::POST, "/api/dead-letters/retry", post(dead_letters::retry)),
        route(Method::POST, "/api/dead-letters/discard", post(dead_letters::discard)),
        route(Method::GET, "/api/acts", get(acts::list)),
        route(Method::GET, "/api/audit/key", get(audit::key)),
        route(Method::GET, "/api/audit/entries", get(audit::search)),
        route(Method::GET, "/api/audit/exchanges/{id}", get(audit::show)),
        route(Method::GET, "/api/audit/gateways", get(audit::gateways)),
        route(Method::GET, "/api/audit/gateways/{gateway}/segments/{number}", get(audit::segment)),
        route(Method::GET, "/api/audit/export", get(export::export)),
        route(Method::POST, "/api/audit/checkpoint", post(audit::checkpoint)),
        route(Method::POST, "/api/audit/retention", post(audit::retain)),
    ]
}

/// The whole API, behind its door.
pub(crate) fn router(state: AdminState, config: &AdminConfig, address: SocketAddr) -> Router {
    let context = Arc::new(Context::new(state, config, address));
    let mut router = Router::new();
    for Route { path, handler, .. } in routes() {
        router = router.route(path, handler);
    }
    router
        .fallback(unknown)
        .method_not_allowed_fallback(other_method)
        // Each reader of a body has its own limit.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&context), door::guard))
        .with_state(context)
}

/// `GET /api`: this table.
async fn index() -> Json<AddressList> {
    let address = |Route { method, path, .. }: Route| Address { method: method.to_string(), path: path.to_owned() };
    Json(AddressList { addresses: routes().into_iter().map(address).collect() })
}

async fn unknown() -> Refusal {
    let cure = "`GET /api` lists the addresses";
    Refusal::new(StatusCode::NOT_FOUND, "unknown-address", "the control API has no such address", cure)
}

async fn other_method() -> Refusal {
    let cure = "the header `Allow` lists those that it takes";
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "the address takes another method", cure)
}

/// What the handlers share.
pub(crate) struct Context {
    state: AdminState,
    pub(crate) hosts: Vec<String>,
    pub(crate) limits: AdminLimits,
    /// Where the listener is.
    pub(crate) address: SocketAddr,
    /// A permit for each upload that is in memory.
    pub(crate) uploads: Arc<Semaphore>,
    refusals: Refusals,
}

impl Deref for Context {
    type Target = AdminState;

    fn deref(&self) -> &AdminState {
        &self.state
    }
}

impl Context {
    fn new(state: AdminState, config: &AdminConfig, address: SocketAddr) -> Self {
        Self {
            state,
            hosts: config.hosts.clone(),
            limits: config.limits,
            address,
            uploads: Arc::new(Semaphore::new(config.limits.uploads)),
            refusals: Refusals::default(),
        }
    }

    /// Count a request that the door refused, and tell the log, at most once a second: whoever tries tokens must not
    /// be able to fill it.
    pub(crate) fn refused(&self, peer: Option<SocketAddr>, code: &str) {
        let number = self.refusals.number.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = self.refusals.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= Duration::from_secs(1)) {
            *told = Some(Instant::now());
            tracing::warn!(?peer, code, number, "a request to the control API was refused at the door");
        }
    }

    /// How many requests the door refused.
    pub(crate) fn refusals(&self) -> u64 {
        self.refusals.number.load(Ordering::Relaxed)
    }
}

/// Requests that the door refused.
#[derive(Default)]
struct Refusals {
    number: AtomicU64,
    told: Mutex<Option<Instant>>,
}
