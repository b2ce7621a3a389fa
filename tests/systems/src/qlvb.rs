//! The document-management system of an office (QLVB), as far as documents come in.
//!
//! The whole port is our own proposal (the real interfaces of such products are not published): `POST /incoming-documents` with a
//! bearer token, an `Idempotency-Key` and a JSON object, as the adapter `qlvb` documents it.
//!
//! Invariant: a document is stored once, whatever is repeated: it is known by its document id, or by its packet id where it has none,
//! together with its digest; and nothing is stored whose bytes do not have the digest that came with them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, extract::DefaultBodyLimit, routing::post};
use bytes::Bytes;

use crate::{faults::Faults, server::Server};

mod incoming;

/// Where documents are pushed.
pub const INCOMING_PATH: &str = "/incoming-documents";

/// The largest request.
const LIMIT: usize = 64 << 20;

/// How one is set up.
#[derive(Clone)]
pub struct QlvbConfig {
    /// The bearer token it wants.
    pub token: String,
    /// Whether a document that is there already is answered with `409`, as some systems do, instead of `200`.
    pub repeats_conflict: bool,
    /// When set, TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for QlvbConfig {
    fn default() -> Self {
        Self { token: "made-up-token-of-the-office".into(), repeats_conflict: false, tls: None }
    }
}

/// A document that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// Its id on every axis, if it has one.
    pub document_id: Option<String>,
    /// The id of the packet that it first came by.
    pub packet_id: String,
    /// The code of the organ that sent it.
    pub sender: String,
    /// What it is about.
    pub subject: Option<String>,
    /// The packet, byte for byte.
    pub edxml: Bytes,
    /// `Idempotency-Key` of the request that stored it.
    pub key: String,
}

/// One request, whether or not it was accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QlvbRequest {
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// The packet it brought, once known.
    pub packet_id: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Whether it brought what was stored already.
    pub repeat: bool,
}

/// A running system. Dropping it stops it.
pub struct Qlvb {
    server: Server,
    faults: Faults,
    office: Arc<Office>,
}

/// What the handlers share.
pub(crate) struct Office {
    config: QlvbConfig,
    store: Mutex<Store>,
}

#[derive(Default)]
struct Store {
    documents: Vec<StoredDocument>,
    /// The place in `documents`, by id and digest.
    known: HashMap<(String, String), usize>,
    /// The digest that each key came with.
    keys: HashMap<String, String>,
    requests: Vec<QlvbRequest>,
}

impl Office {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Qlvb {
    /// Starts one on a free loopback port.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub async fn start(config: QlvbConfig) -> anyhow::Result<Self> {
        let faults = Faults::new("application/json");
        let tls = config.tls.clone();
        let office = Arc::new(Office { config, store: Mutex::default() });
        let app = Router::new()
            .route(INCOMING_PATH, post(incoming::push))
            .layer(DefaultBodyLimit::max(LIMIT))
            .with_state(Arc::clone(&office));
        let server = Server::start(app, faults.clone(), tls).await?;
        Ok(Self { server, faults, office })
    }

    /// `http://127.0.0.1:PORT` (or `https:`), without a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The token it wants.
    pub fn token(&self) -> &str {
        &self.office.config.token
    }

    /// The fault switch.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The documents, in the order in which they were first stored: the effects.
    pub fn documents(&self) -> Vec<StoredDocument> {
        self.office.store().documents.clone()
    }

    /// What it was asked so far, oldest first.
    pub fn requests(&self) -> Vec<QlvbRequest> {
        self.office.store().requests.clone()
    }

    /// Closes the listener and all connections, and waits for it.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
