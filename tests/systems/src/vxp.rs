//! The VXP agent of the national document axis (SDKVXP 2.0.x on the wire), with its stores.
//!
//! All parameters travel as headers with the prefix `XroadVnpt-`, signed with HMAC-SHA256. Answers are JSON with
//! `status`, `ErrorCode` and `ErrorDesc`, always under HTTP 200 (inferred: clients read nothing but the body). The
//! server's own error codes are not published: [`codes`] is our own proposal.
//!
//! Invariant: an operation runs only for a caller whose signature covers every parameter it acts on, and a caller sees
//! only documents its own organisations sent or received.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, extract::DefaultBodyLimit};
use bytes::Bytes;
use jiff::Timestamp;

use crate::{faults::Faults, server::Server};

mod agencies;
mod answer;
mod defaults;
mod directory;
mod dispatch;
mod documents;
mod edxml;
mod lists;
mod params;
mod signature;
mod store;

pub use answer::codes;
pub use directory::{Organisation, VxpSystem};
pub use signature::sign;
pub use store::{MessageType, TransportState};

/// The largest upload. The real limit is not published.
const UPLOAD_LIMIT: usize = 64 << 20;

/// What time it is. Passed in, so that a test can date its documents.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who takes part in the axis. The default knows four made-up organisations in three systems.
#[derive(Clone)]
pub struct VxpConfig {
    /// The systems and their secrets.
    pub systems: Vec<VxpSystem>,
    /// The organisations, each belonging to one of the systems.
    pub organisations: Vec<Organisation>,
    /// Dates documents and states.
    pub clock: Clock,
    /// When set, TLS.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for VxpConfig {
    fn default() -> Self {
        Self {
            systems: defaults::systems(),
            organisations: defaults::organisations(),
            clock: Arc::new(Timestamp::now),
            tls: None,
        }
    }
}

/// One request the agent got, whether or not it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VxpRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The path, which names the operation.
    pub path: String,
    /// All `XroadVnpt-` headers as they came, by their name in lower case without the prefix.
    pub headers: BTreeMap<String, String>,
    /// The value of `User-Agent`.
    pub user_agent: Option<String>,
    /// The calling system, once its signature was found right.
    pub system: Option<String>,
    /// `ErrorCode` of the answer: `0`, or one of [`codes`].
    pub code: &'static str,
}

/// A running agent. Dropping it stops it.
pub struct Vxp {
    server: Server,
    faults: Faults,
    agent: Arc<Agent>,
}

/// What the operations share.
pub(crate) struct Agent {
    clock: Clock,
    store: Mutex<store::Store>,
    directory: Mutex<directory::Directory>,
    requests: Mutex<Vec<VxpRequest>>,
}

impl Agent {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Lock order: the directory before the store.
    fn directory(&self) -> MutexGuard<'_, directory::Directory> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, store::Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn requests(&self) -> MutexGuard<'_, Vec<VxpRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vxp {
    /// Starts one on a free loopback port.
    ///
    /// # Errors
    /// When an organisation belongs to no system or a code is given twice, or no loopback port can be bound.
    pub async fn start(config: VxpConfig) -> anyhow::Result<Self> {
        let faults = Faults::new("application/json");
        let directory = directory::Directory::new(config.systems, config.organisations)?;
        let agent = Arc::new(Agent {
            clock: config.clock,
            store: Mutex::default(),
            directory: Mutex::new(directory),
            requests: Mutex::default(),
        });
        let app = Router::new()
            .fallback(dispatch::dispatch)
            .layer(DefaultBodyLimit::max(UPLOAD_LIMIT))
            .with_state(Arc::clone(&agent));
        let server = Server::start(app, faults.clone(), config.tls).await?;
        Ok(Self { server, faults, agent })
    }

    /// `http://127.0.0.1:PORT` (or `https:`), without a trailing slash: the `{endpoint}` of the SDK.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The fault switch.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The systems it knows, secrets included.
    pub fn systems(&self) -> Vec<VxpSystem> {
        self.agent.directory().systems().to_vec()
    }

    /// The organisations that can be written to now.
    pub fn organisations(&self) -> Vec<Organisation> {
        self.agent.directory().live().cloned().collect()
    }

    /// What it was asked so far, oldest first.
    pub fn requests(&self) -> Vec<VxpRequest> {
        self.agent.requests().clone()
    }

    /// The notations of all documents and status packets of this kind, such as `17/UBND-KSTT`, in the order in which
    /// they first arrived. One that was sent again with the same bytes is here once.
    pub fn notations(&self, kind: MessageType) -> Vec<String> {
        let store = self.agent.store();
        store.all().filter(|document| document.kind == kind).map(|document| document.notation.clone()).collect()
    }

    /// Puts bytes into an organisation's inbox as if somebody had sent them, and returns the document's id there. The
    /// bytes are not checked: a receiver has to stand whatever arrives.
    ///
    /// # Errors
    /// When `to` is not the code (old or new) of an organisation.
    pub fn deposit(&self, to: &str, edxml: impl Into<Bytes>, message_type: MessageType) -> anyhow::Result<String> {
        documents::deposit(&self.agent, to, edxml.into(), message_type)
    }

    /// The bytes of a document, by the sender's or a receiver's id.
    pub fn stored(&self, doc_id: &str) -> Option<Bytes> {
        let store = self.agent.store();
        store.find(doc_id).map(|document| document.bytes.clone())
    }

    /// How far a document is with one of its receivers, by the sender's or the receiver's id and the receiver's code.
    pub fn state(&self, doc_id: &str, organisation: &str) -> Option<TransportState> {
        let directory = self.agent.directory();
        let receiver = directory.find(organisation)?;
        let store = self.agent.store();
        let mut deliveries = store.find(doc_id)?.deliveries.iter();
        let delivery = deliveries.find(|delivery| delivery.to == receiver.id);
        delivery.map(|delivery| delivery.state)
    }

    /// Closes the listener and all connections, and waits for it.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
