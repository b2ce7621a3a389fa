//! The OAuth2 gateway of the national platform (NGSP) and the population register behind it.
//!
//! The gateway is of the WSO2 kind: `POST /token`, then `POST /dancu/1.0/tracuu` with `Authorization: Bearer`. Its
//! error bodies (900901, 900902) are WSO2's usual ones, inferred. The register speaks SOAP 1.1: requests in the
//! namespace [`REQUEST_NAMESPACE`], answers in [`ANSWER_NAMESPACE`]. Refusals of the register are not published: the
//! fault codes in [`codes`] are our own proposal.
//!
//! Invariant: nothing about a citizen leaves without a live token (and the key, where one is configured), and every
//! request that reaches the register is in [`Ngsp::requests`].

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{Router, routing::post};

use crate::{faults::Faults, server::Server};

mod citizen;
mod gateway;
mod people;
mod query;
mod register;
mod render;
mod soap;
mod token;

pub use citizen::{Address, Birth, Citizen, HouseholdHead, Relative};
pub use soap::codes;

/// Where tokens are fetched.
pub const TOKEN_PATH: &str = "/token";
/// Where the register is asked.
pub const POPULATION_PATH: &str = "/dancu/1.0/tracuu";
/// The namespace of requests, their fields included.
pub const REQUEST_NAMESPACE: &str = "http://dancuquocgia.bca";
/// The namespace of answers (QCVN 109:2017/BTTTT).
pub const ANSWER_NAMESPACE: &str = "http://www.mic.gov.vn/dancu/1.0";

/// What an [`Ngsp`] expects of its callers. The default asks for the client `nhip-demo` and no key.
#[derive(Clone)]
pub struct NgspConfig {
    /// OAuth2 client id.
    pub client_id: String,
    /// OAuth2 client secret.
    pub client_secret: String,
    /// The `scope` told with each token.
    pub scope: String,
    /// How long a token lives. `expires_in` tells whole seconds, rounded down.
    pub token_lifetime: Duration,
    /// When set, the register also wants this in the header `ApiKey`.
    pub api_key: Option<String>,
    /// When set, TLS; demanding client certificates is the configuration's own matter.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

impl Default for NgspConfig {
    fn default() -> Self {
        Self {
            client_id: "nhip-demo".into(),
            client_secret: "made-up-client-secret".into(),
            scope: "am_application_scope default".into(),
            token_lifetime: Duration::from_secs(3600),
            api_key: None,
            tls: None,
        }
    }
}

/// One request that reached the register's door, whether or not it was let in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NgspRequest {
    /// Local name of the SOAP operation, once known.
    pub operation: Option<String>,
    /// `MaYeuCau`, the caller's number of this request.
    pub request_code: Option<String>,
    /// `MaDVC`, the service on whose behalf is asked: the purpose.
    pub purpose: Option<String>,
    /// `MaTichHop`, the integration's number.
    pub integration: Option<String>,
    /// `MaCanBo`, the officer.
    pub officer: Option<String>,
    /// `MaDonVi`, the officer's unit.
    pub unit: Option<String>,
    /// `TaiKhoan`, the officer's account.
    pub account: Option<String>,
    /// Whether an `Authorization` header came at all.
    pub authorization_seen: bool,
    /// Whether an `ApiKey` header came at all.
    pub api_key_seen: bool,
    /// The value of `SOAPAction`, quotes included.
    pub soap_action: Option<String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Code of the SOAP fault answered, one of [`codes`].
    pub fault: Option<&'static str>,
    /// How many citizens matched.
    pub matches: usize,
}

/// A running NGSP. Dropping it stops it.
pub struct Ngsp {
    server: Server,
    faults: Faults,
    site: Arc<Site>,
}

/// What the handlers share.
pub(crate) struct Site {
    config: NgspConfig,
    citizens: Vec<Citizen>,
    tokens: token::Tokens,
    requests: Mutex<Vec<NgspRequest>>,
}

impl Site {
    fn requests(&self) -> MutexGuard<'_, Vec<NgspRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ngsp {
    /// Starts one on a free loopback port.
    ///
    /// # Errors
    /// When no loopback port can be bound.
    pub async fn start(config: NgspConfig) -> anyhow::Result<Self> {
        let faults = Faults::new("text/xml; charset=utf-8");
        let tls = config.tls.clone();
        let site = Arc::new(Site {
            config,
            citizens: people::population(),
            tokens: token::Tokens::default(),
            requests: Mutex::default(),
        });
        let app = Router::new()
            .route(TOKEN_PATH, post(token::issue))
            .route(POPULATION_PATH, post(gateway::population))
            .with_state(Arc::clone(&site));
        let server = Server::start(app, faults.clone(), tls).await?;
        Ok(Self { server, faults, site })
    }

    /// `http://127.0.0.1:PORT` (or `https:`), without a trailing slash.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The URL of the token endpoint.
    pub fn token_url(&self) -> String {
        self.server.url() + TOKEN_PATH
    }

    /// The URL of the population register.
    pub fn population_url(&self) -> String {
        self.server.url() + POPULATION_PATH
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The client id it knows.
    pub fn client_id(&self) -> &str {
        &self.site.config.client_id
    }

    /// The secret of that client.
    pub fn client_secret(&self) -> &str {
        &self.site.config.client_secret
    }

    /// The key it wants in `ApiKey`, if any.
    pub fn api_key(&self) -> Option<&str> {
        self.site.config.api_key.as_deref()
    }

    /// The fault switch.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Everybody in the register, in a fixed order.
    pub fn citizens(&self) -> &[Citizen] {
        &self.site.citizens
    }

    /// What reached the register so far, oldest first.
    pub fn requests(&self) -> Vec<NgspRequest> {
        self.site.requests().clone()
    }

    /// How many requests the token endpoint got, refused ones included.
    pub fn token_requests(&self) -> u64 {
        self.site.tokens.asked()
    }

    /// Makes every token issued so far invalid, as an operator of the gateway may at any time.
    pub fn revoke_tokens(&self) {
        self.site.tokens.revoke();
    }

    /// Closes the listener and all connections, and waits for it.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}
