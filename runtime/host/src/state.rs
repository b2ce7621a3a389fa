//! The state of one exchange in its sandbox: what the granted powers work on. Made for each exchange, gone with it.

use crate::capabilities::files::permissions;
use crate::capabilities::http::Hooks;
use crate::capabilities::key_value::GrantedStore;
use crate::capabilities::logging::LogSink;
use crate::capabilities::random;
use crate::capabilities::stdio::Printed;
use crate::egress::{Budget, Egress};
use crate::limits::MemoryLimit;
use crate::meter::Meter;
use nhip_exchange::trace::TraceContext;
use nhip_exchange::{ExchangeId, Onward, Trail, port::Call};
use nhip_policies::Policy;
use std::sync::Arc;
use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// How many resources (streams, requests, buckets, open files) a guest may hold at once.
const MAX_RESOURCES: usize = 1024;
/// The size of one set of HTTP headers in a guest's hands, in bytes.
const MAX_FIELDS: usize = 64 << 10;

/// What all exchanges of one admitted version share.
pub(crate) struct Shared {
    pub(crate) adapter: Arc<str>,
    pub(crate) version: Arc<str>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) config: Arc<WasiConfigVariables>,
    pub(crate) key_value: Option<GrantedStore>,
}

/// What the guest may know of its exchange.
pub(crate) struct Of {
    pub(crate) id: ExchangeId,
    pub(crate) service: String,
    pub(crate) function: String,
    pub(crate) caller: String,
    pub(crate) purpose: Option<String>,
    pub(crate) attempt: u32,
    pub(crate) trace: TraceContext,
    pub(crate) deadline: Instant,
    pub(crate) deadline_ms: u64,
}

/// The store's data.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    pub(crate) http: WasiHttpCtx,
    pub(crate) hooks: Hooks,
    pub(crate) memory: MemoryLimit,
    pub(crate) meter: Arc<Meter>,
    pub(crate) adapter: Arc<str>,
    pub(crate) config: Arc<WasiConfigVariables>,
    pub(crate) key_value: Option<GrantedStore>,
    pub(crate) egress: Arc<Egress>,
    pub(crate) budget: Arc<Budget>,
    pub(crate) trail: Arc<Trail>,
    pub(crate) log: Arc<LogSink>,
    /// The way to the services whose contracts the adapter imports, if it imports any.
    pub(crate) onward: Option<Onward>,
    pub(crate) of: Of,
}

impl State {
    /// Prepare the state of one exchange.
    ///
    /// # Errors
    /// When a granted folder cannot be opened.
    pub(crate) fn prepare(shared: &Shared, caller: String, call: Call) -> wasmtime::Result<Self> {
        let limits = &shared.policy.limits;
        let log = LogSink::new(Arc::clone(&shared.adapter), Arc::clone(&shared.version), call.id, &shared.policy);
        let budget = Arc::new(Budget::new(limits, call.deadline));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let trail = Arc::clone(&call.trail);
        let (onward, of) = split(caller, call);
        Ok(Self {
            table,
            wasi: wasi(shared, &log)?,
            http,
            hooks: Hooks {
                egress: Arc::clone(&shared.egress),
                budget: Arc::clone(&budget),
                trail: Arc::clone(&trail),
                largest: limits.upstream_request,
            },
            memory: MemoryLimit::new(limits.memory),
            meter: Meter::new(limits.cpu),
            adapter: Arc::clone(&shared.adapter),
            config: Arc::clone(&shared.config),
            key_value: shared.key_value.clone(),
            egress: Arc::clone(&shared.egress),
            budget,
            trail,
            log,
            onward,
            of,
        })
    }
}

impl State {
    /// Serve another exchange in the same sandbox. What the guest holds of the host's (streams, buckets) stays in its hands.
    pub(crate) fn serve(&mut self, shared: &Shared, caller: String, call: Call) {
        let limits = &shared.policy.limits;
        self.log.serve(call.id, limits.log);
        self.budget = Arc::new(Budget::new(limits, call.deadline));
        self.hooks.budget = Arc::clone(&self.budget);
        self.hooks.trail = Arc::clone(&call.trail);
        self.trail = Arc::clone(&call.trail);
        self.memory.refused = false;
        self.meter = Meter::new(limits.cpu);
        (self.onward, self.of) = split(caller, call);
    }

    /// Let go of what belongs to the exchange that has ended.
    pub(crate) fn forget(&mut self) {
        self.onward = None;
        self.trail = Arc::default();
        self.hooks.trail = Arc::clone(&self.trail);
        (self.of.caller, self.of.purpose) = (String::new(), None);
    }
}

/// What of a call the guest's imports need: the way on, and what it may know.
fn split(caller: String, call: Call) -> (Option<Onward>, Of) {
    let of = Of {
        id: call.id,
        service: call.service,
        function: call.function_name,
        caller,
        purpose: call.purpose,
        attempt: call.attempt,
        trace: call.trace,
        deadline: call.deadline,
        deadline_ms: call.deadline_ms,
    };
    (call.onward, of)
}

/// WASI as a guest meets it: no arguments, no environment, no network, the granted folders, output to the log.
fn wasi(shared: &Shared, log: &Arc<LogSink>) -> wasmtime::Result<WasiCtx> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(random::MAX_BYTES)
        .stdout(Printed::new(Arc::clone(log), "stdout"))
        .stderr(Printed::new(Arc::clone(log), "stderr"));
    for file in &shared.policy.files {
        wasi.preopened_dir(&file.host, &file.guest, permissions(file.mode))?;
    }
    Ok(wasi.build())
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}
