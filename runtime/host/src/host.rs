//! The host as the rest of the gateway meets it: configuration in, [`port::Host`] out.

use crate::admit::{self, Asked};
use crate::cache::Cache;
use crate::contracts::Contracts;
use crate::egress::{Resolve, Roots, SecretSource};
use crate::engine::{self, EngineError, PoolConfig};
use crate::idle::Room;
use async_trait::async_trait;
use bytes::Bytes;
use nhip_exchange::port::{self, Admitted, KeyValue, Progress, Report};
use nhip_exchange::{Clock, Routes};
use nhip_policies::Policy;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use wasmtime::Engine;

/// What the composition root gives to the host.
pub struct HostConfig {
    /// The pool of sandboxes.
    pub pool: PoolConfig,
    /// The folder of compiled components.
    pub cache: PathBuf,
    /// Where secrets come from.
    pub secrets: Arc<dyn SecretSource>,
    /// How names of upstream systems become addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Whose certificates are trusted where a policy names no authority of its own.
    pub roots: Roots,
    /// The durable values of adapters.
    pub key_value: Arc<dyn KeyValue>,
    /// Wall-clock time, for tokens and signatures.
    pub clock: Arc<dyn Clock>,
}

/// The host on wasmtime.
pub struct WasmHost {
    pub(crate) engine: Engine,
    pub(crate) cache: Cache,
    pub(crate) contracts: Contracts,
    pub(crate) config: HostConfig,
    /// For sandboxes that wait to serve again.
    pub(crate) room: Arc<Room>,
    /// One component is compiled at a time: compiling takes every core, and exchanges need theirs.
    pub(crate) compiling: Semaphore,
}

impl WasmHost {
    /// Start the engine.
    ///
    /// # Errors
    /// When the engine refuses the pool's size, or the cache's folder cannot be made.
    pub fn start(config: HostConfig) -> Result<Self, EngineError> {
        let engine = engine::start(&config.pool)?;
        let cache = Cache::open(&config.cache, &engine)
            .map_err(|source| EngineError::Cache { folder: config.cache.clone(), source })?;
        let room = Room::new(config.pool.idle());
        Ok(Self { engine, cache, contracts: Contracts::default(), config, room, compiling: Semaphore::new(1) })
    }
}

#[async_trait]
impl port::Host for WasmHost {
    async fn admit(
        &self,
        component: Bytes,
        manifest: Option<&str>,
        policy: Arc<Policy>,
        routes: &Routes,
        progress: Progress<'_>,
    ) -> (Report, Option<Admitted>) {
        let mut report = Report::default();
        let asked = Asked { component, manifest, policy, routes };
        let admitted = admit::admit(self, asked, progress, &mut report).await;
        report.findings.sort_by_key(|finding| !finding.refuses);
        let admitted = admitted.filter(|_| !report.refuses());
        (report, admitted)
    }
}
