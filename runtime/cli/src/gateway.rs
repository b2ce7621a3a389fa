//! The composition root: wires the crates into a running gateway, in one place and in order.
//!
//! `nhip serve`, the demo and the tests all start a gateway here, so what is tested is what runs. Invariants: whatever
//! can fail fails before anything listens; parts are built in the order in which they depend on each other and end in
//! the reverse order, so that every exchange that was begun has left its record when [`Running::wait`] returns.

mod metrics;
mod options;
mod running;
#[cfg(test)]
mod tests;

pub use options::{Options, TlsFiles, Variable};
pub use running::{Running, Stopped};

use crate::allocator::keep_blocks;
use crate::failure::Failure;
use crate::{data_folder, token};
use nhip_exchange::{Spine, SpineConfig};
use nhip_gateway::{Gateway, GatewayConfig, Shards, load_tls};
use nhip_host::egress::FileAndMap;
use nhip_host::{HostConfig, WasmHost};
use nhip_manage::{About, Admin, AdminConfig, AdminError, AdminState, AdminToken, Deployments, Stop, retain_daily};
use nhip_registry::{Journal, JournalConfig, Registry};
use nhip_triggers::{Delivery, DeliveryConfig, Schedules, SchedulesConfig};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// What a gateway is called that shares its database with nobody.
const LONE: &str = "gateway";
/// The folder of compiled components, in the data folder.
const CACHE: &str = "cache";
/// Records that may wait for the disk: two seconds of 15,000 exchanges each, so that one sync of a disk that others use,
/// too, does not fill it. A usual record takes about a kilobyte, so all of them some 40 MB; nothing of that is taken
/// before they wait. When all places are taken, new exchanges are refused: one that cannot be recorded must not happen.
const RECORDS: usize = 32_768;
/// For the last records to be written, after the last exchange. A database that refuses them longer than this is not
/// going to take them.
const LAST_RECORDS: Duration = Duration::from_secs(15);
/// For the database to be closed. A killed one loses nothing, so this is courtesy.
const CLOSE: Duration = Duration::from_secs(5);

/// The parts of a gateway, wired together and not yet serving.
pub struct Assembly {
    registry: Registry,
    spine: Arc<Spine>,
    gateway: Gateway,
    shards: Option<Arc<Shards>>,
    admin: Admin,
    records: JoinHandle<()>,
    triggers: Triggers,
    retention: Option<Duration>,
    stop: Stop,
}

/// What starts exchanges besides callers.
struct Triggers {
    delivery: JoinHandle<()>,
    schedules: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Triggers {
    fn start(spine: &Arc<Spine>, registry: &Registry) -> Self {
        let (stop, stopped) = watch::channel(false);
        let stopped = || nhip_triggers::Stop::from(stopped.clone());
        let (durables, schedules) = (registry.durables.clone(), registry.schedules.clone());
        Self {
            delivery: Delivery::start(Arc::clone(spine), durables, DeliveryConfig::default(), stopped()),
            schedules: Schedules::start(Arc::clone(spine), schedules, SchedulesConfig::default(), stopped()),
            stop,
        }
    }

    /// Begin nothing more, and wait for what is under way: its deadlines bound that.
    async fn end(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        self.delivery.await?;
        self.schedules.await?;
        Ok(())
    }
}

impl Assembly {
    /// Wire a gateway and let it serve. What was live when it ended, however that was, is live again.
    ///
    /// # Errors
    /// The folder, the certificate, the registry, the engine or an address cannot be used. Nothing listens then.
    pub async fn start(options: Options) -> anyhow::Result<Running> {
        let Options { data, listen, tls, limits, grace, clock, .. } = &options;
        data_folder::prepare(data)?;
        data_folder::prepare(&data.join(CACHE))?;
        let tls = tls.as_ref().map(|files| load_tls(&files.certificate, &files.key)).transpose()?;
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let shards = Shards::start(processors, keep_blocks)
            .map_err(|error| Failure::new("the process cannot start its threads").because(error))?;
        let registry = Registry::open_with(registry_config(&options, &shards)?, Arc::clone(clock)).await?;
        let shards = Some(Arc::new(shards));
        let listener = GatewayConfig { listen: *listen, tls, limits: *limits, grace: *grace, shards };
        let freed = registry.freed();
        let started = Self::assemble(&options, listener, registry).await;
        if started.is_err() && timeout(CLOSE, freed).await.is_err() {
            tracing::warn!("the data folder is still in use by a start that failed; this process must end");
        }
        started
    }

    /// From the open registry on. When it fails, what was begun ends as its parts are dropped.
    async fn assemble(options: &Options, listener: GatewayConfig, registry: Registry) -> anyhow::Result<Running> {
        let Options { data, admin, admin_remote, admin_hosts, tls, clock, .. } = options;
        let token = token::keep(data)?;
        let host = Arc::new(WasmHost::start(host_config(options, &registry))?);

        let pool = usize::try_from(options.pool.instances)?;
        let (spine, queue) =
            Spine::new(SpineConfig { pool, records: RECORDS }, Arc::clone(clock), Arc::new(registry.durables.clone()));
        let spine = Arc::new(spine);
        spine.refuse_while(registry.journal.stalled());
        spine.hurry_by(registry.journal.hurry());
        let records = tokio::spawn(registry.journal.clone().write(queue));
        let deployments = Deployments::new(registry.clone(), host, Arc::clone(&spine));
        let restored = deployments.restore().await?;
        deployments.follow();

        let shards = listener.shards.clone();
        let callers = registry.callers.directory();
        let gateway = Gateway::bind(listener, Arc::clone(&spine), Arc::new(move |key| callers.prove(key))).await?;
        let stop = Stop::default();
        let state = AdminState {
            registry: registry.clone(),
            deployments,
            spine: Arc::clone(&spine),
            token: AdminToken::of(&token),
            about: about(options, gateway.local_addr()),
            metrics: vec![metrics::of_listener(gateway.stats())],
            stop: stop.clone(),
        };
        let config =
            AdminConfig { allow_remote: *admin_remote, hosts: admin_hosts.clone(), ..AdminConfig::new(*admin) };
        let admin = Admin::bind(config, state).await.map_err(not_bound)?;

        let retention = options.record_retention;
        let triggers = Triggers::start(&spine, &registry);
        let (data_addr, admin_addr) = (gateway.local_addr(), admin.local_addr());
        let parts = Self { registry, spine, gateway, shards, admin, records, triggers, retention, stop: stop.clone() };
        let end = tokio::spawn(parts.run());
        Ok(Running { data: data.clone(), data_addr, admin_addr, tls: tls.is_some(), token, restored, stop, end })
    }

    /// Serve until the stop, then end in order: the data listener with its exchanges, the triggers with theirs, the admin listener (so that a
    /// stop can be watched), the records, the database.
    async fn run(self) -> anyhow::Result<Stopped> {
        let Self { registry, spine, gateway, shards, admin, records, triggers, retention, stop } = self;
        let retaining = retention.map(|age| tokio::spawn(retain_daily(registry.journal.clone(), age)));
        let data_ended = Stop::default();
        let admin = tokio::spawn({
            let data_ended = data_ended.clone();
            admin.serve(async move { data_ended.stopped().await })
        });
        let cut = gateway
            .serve(async move {
                stop.stopped().await;
                tracing::info!("stopping: exchanges under way are finished, new ones are refused");
                spine.stop();
            })
            .await;
        triggers.end().await?;
        data_ended.stop();
        admin.await?;
        if let Some(retaining) = retaining {
            retaining.abort();
        }
        finish_records(records, &registry.journal).await?;
        // Not before: what triggers and deployments had under way may have used a connection that a shard drives, and an exchange with a key
        // whose caller hung up may have been on a siding.
        drop(shards);
        let freed = registry.freed();
        let close = async {
            registry.close().await;
            freed.await;
        };
        if timeout(CLOSE, close).await.is_err() {
            tracing::warn!("the database was still in use when the gateway ended; nothing is lost by that");
        }
        tracing::info!(cut, "stopped");
        Ok(Stopped { cut })
    }
}

/// Wait until every record is written. The queue closes with the last holder of the spine.
async fn finish_records(records: JoinHandle<()>, log: &Journal) -> anyhow::Result<()> {
    match timeout(LAST_RECORDS, records).await {
        Ok(ended) => Ok(ended?),
        Err(_) if log.is_stalled() => {
            let hint = "look for `cannot write the record` in the log; a full disk is the usual reason";
            Err(Failure::new("the last records of exchanges could not be written").hint(hint).into())
        }
        Err(_) => {
            // All exchanges have ended and the database takes records: what holds the spine is a deployment.
            tracing::warn!("a deployment under way was broken off; it has changed nothing");
            Ok(())
        }
    }
}

fn registry_config(options: &Options, shards: &Shards) -> anyhow::Result<nhip_registry::Config> {
    let database = options.database.as_ref().map(|url| url.to_string());
    let gateway = match (&options.gateway, &database) {
        (Some(name), _) => name.clone(),
        (None, None) => LONE.to_owned(),
        (None, Some(_)) => {
            return Err(Failure::new("a gateway that shares its database has no name")
                .hint("give each gateway a name of its own with `--gateway NAME`, and never change it: its record carries it")
                .into());
        }
    };
    let journal =
        JournalConfig { segment_age: options.segment_age, lull: Some(shards.lull()), ..JournalConfig::default() };
    Ok(nhip_registry::Config { data: options.data.clone(), database, gateway, journal })
}

fn host_config(options: &Options, registry: &Registry) -> HostConfig {
    let variable = Arc::clone(&options.variable);
    HostConfig {
        pool: options.pool,
        cache: options.data.join(CACHE),
        secrets: Arc::new(FileAndMap::new(move |name: &str| variable(name))),
        resolver: Arc::clone(&options.resolver),
        roots: options.roots.clone(),
        key_value: Arc::new(registry.key_values.clone()),
        clock: Arc::clone(&options.clock),
    }
}

fn about(options: &Options, data_listener: SocketAddr) -> About {
    About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: format!("wasmtime, a pool of {} sandboxes", options.pool.instances),
        data_listener: Some(data_listener),
        started_ms: options.clock.unix_millis(),
    }
}

fn not_bound(error: AdminError) -> anyhow::Error {
    let hint = match error {
        AdminError::Remote { .. } => Some("`--admin-remote` allows it"),
        AdminError::Bind { .. } => None,
    };
    match hint {
        Some(hint) => Failure::new(error.to_string()).hint(hint).into(),
        None => error.into(),
    }
}
