//! The state of one exchange in its sandbox: what the granted powers work on. Made for each exchange, gone with it.

use crate::capabilities::files::permissions;
use crate::capabilities::http::Reach;
use crate::capabilities::key_value::GrantedStore;
use crate::capabilities::logging::LogSink;
use crate::capabilities::random;
use crate::capabilities::stdio::Printed;
use crate::egress::{Budget, Egress};
use crate::limits::MemoryLimit;
use crate::meter::Meter;
use compact_str::CompactString;
use nhip_exchange::trace::TraceContext;
use nhip_exchange::{ExchangeId, Onward, port::Call};
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

/// What all exchanges of one admitted version share. They count on it as a whole: each count of its own would be one more word that
/// all processors write for every exchange.
pub(crate) struct Shared {
    pub(crate) adapter: String,
    pub(crate) version: String,
    /// Whether the component imports more than types, and so can wait for the host.
    pub(crate) asks: bool,
    pub(crate) policy: Arc<Policy>,
    pub(crate) egress: Egress,
    pub(crate) config: WasiConfigVariables,
    pub(crate) key_value: Option<GrantedStore>,
}

/// What the guest may know of its exchange.
pub(crate) struct Of {
    pub(crate) id: ExchangeId,
    pub(crate) service: CompactString,
    pub(crate) function: CompactString,
    pub(crate) caller: CompactString,
    pub(crate) purpose: Option<CompactString>,
    pub(crate) attempt: u32,
    pub(crate) trace: TraceContext,
    pub(crate) deadline: Instant,
    pub(crate) deadline_ms: u64,
}

/// The store's data.
pub(crate) struct State {
    pub(crate) table: ResourceTable,
    /// Made when the guest first asks for it, which most never do.
    wasi: Option<Box<WasiCtx>>,
    pub(crate) http: WasiHttpCtx,
    pub(crate) reach: Reach,
    pub(crate) memory: MemoryLimit,
    pub(crate) meter: Arc<Meter>,
    /// Made at the guest's first line.
    log: Option<Arc<LogSink>>,
    /// The way to the services whose contracts the adapter imports, if it imports any.
    pub(crate) onward: Option<Box<Onward>>,
    pub(crate) of: Of,
}

impl State {
    /// Prepare the state of one exchange.
    ///
    /// # Errors
    /// When a granted folder cannot be opened.
    pub(crate) fn prepare(shared: &Arc<Shared>, caller: CompactString, call: Call) -> wasmtime::Result<Self> {
        let limits = &shared.policy.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(MAX_FIELDS);
        let reach = Reach {
            shared: Arc::clone(shared),
            budget: Arc::new(Budget::new(limits, call.deadline)),
            trail: Arc::clone(&call.trail),
            errand: Arc::default(),
        };
        let (onward, of) = split(caller, call);
        let mut state = Self {
            table,
            wasi: None,
            http,
            reach,
            memory: MemoryLimit::new(limits.memory),
            meter: Meter::new(limits.cpu),
            log: None,
            onward,
            of,
        };
        if !shared.policy.files.is_empty() {
            // A folder that cannot be opened must end the exchange before the guest runs.
            state.wasi = Some(wasi(shared, state.log())?);
        }
        Ok(state)
    }
}

impl State {
    /// Where the guest's lines go.
    pub(crate) fn log(&mut self) -> &Arc<LogSink> {
        let (shared, exchange) = (&self.reach.shared, self.of.id);
        self.log.get_or_insert_with(|| LogSink::new(Arc::clone(shared), exchange))
    }

    /// Serve another exchange in the same sandbox. What the guest holds of the host's (streams, buckets) stays in its hands.
    pub(crate) fn serve(&mut self, shared: &Shared, caller: CompactString, call: Call) {
        let limits = &shared.policy.limits;
        if let Some(log) = &self.log {
            log.serve(call.id, limits.log);
        }
        self.reach.budget = Arc::new(Budget::new(limits, call.deadline));
        self.reach.trail = Arc::clone(&call.trail);
        self.memory.refused = false;
        self.meter = Meter::new(limits.cpu);
        (self.onward, self.of) = split(caller, call);
    }

    /// Let go of what belongs to the exchange that has ended.
    pub(crate) fn forget(&mut self) {
        self.onward = None;
        self.reach.trail = Arc::default();
        (self.of.caller, self.of.purpose) = (CompactString::default(), None);
    }
}

/// What of a call the guest's imports need: the way on, and what it may know.
fn split(caller: CompactString, call: Call) -> (Option<Box<Onward>>, Of) {
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
fn wasi(shared: &Shared, log: &Arc<LogSink>) -> wasmtime::Result<Box<WasiCtx>> {
    let mut wasi = without_folders(log);
    for file in &shared.policy.files {
        wasi.preopened_dir(&file.host, &file.guest, permissions(file.mode))?;
    }
    Ok(Box::new(wasi.build()))
}

fn without_folders(log: &Arc<LogSink>) -> WasiCtxBuilder {
    let mut wasi = WasiCtxBuilder::new();
    wasi.allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(random::MAX_BYTES)
        .stdout(Printed::new(Arc::clone(log), "stdout"))
        .stderr(Printed::new(Arc::clone(log), "stderr"));
    wasi
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let Self { wasi, table, log, reach, of, .. } = self;
        // Granted folders were opened when the state was prepared: here there are none.
        let ctx = wasi.get_or_insert_with(|| {
            let log = log.get_or_insert_with(|| LogSink::new(Arc::clone(&reach.shared), of.id));
            Box::new(without_folders(log).build())
        });
        WasiCtxView { ctx, table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.reach, table: &mut self.table, ctx: &mut self.http }
    }
}
