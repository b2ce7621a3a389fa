//! The spine's state: the routes of now, the pool's slots, the record queue. Shared by every exchange.

use crate::clock::Clock;
use crate::durable::Ledger;
use crate::id::IdSource;
use crate::record::Entry;
use crate::route::Routes;
use crate::slot::Slots;
use crate::stats::Stats;
use arc_swap::ArcSwap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use tokio::sync::{Notify, mpsc};

/// How much the spine lets run at once.
#[derive(Clone, Copy, Debug)]
pub struct SpineConfig {
    /// Instances that the host's pool holds.
    pub pool: usize,
    /// Exchanges whose record may wait to be written.
    pub records: usize,
}

/// What every exchange shares.
pub struct Spine {
    pub(crate) routes: ArcSwap<Routes>,
    pub(crate) pool: Slots,
    pub(crate) records: mpsc::Sender<Entry>,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: IdSource,
    pub(crate) unrouted: Stats,
    stopping: AtomicBool,
    /// Whether the disk refuses the record now.
    stalled: OnceLock<Arc<AtomicBool>>,
    /// Who writes the record and wants to know that somebody waits for it.
    hurry: OnceLock<Arc<Notify>>,
}

impl Spine {
    /// A spine without routes, and the end of its record queue, which somebody must read.
    #[must_use]
    pub fn new(config: SpineConfig, clock: Arc<dyn Clock>, ledger: Arc<dyn Ledger>) -> (Self, mpsc::Receiver<Entry>) {
        let (records, queue) = mpsc::channel(config.records.max(1));
        let spine = Self {
            routes: ArcSwap::default(),
            pool: Slots::new(config.pool),
            records,
            ledger,
            clock,
            ids: IdSource::default(),
            unrouted: Stats::default(),
            stopping: AtomicBool::new(false),
            stalled: OnceLock::new(),
            hurry: OnceLock::new(),
        };
        (spine, queue)
    }

    /// The routes of now.
    #[must_use]
    pub fn routes(&self) -> Arc<Routes> {
        self.routes.load_full()
    }

    /// Whether the exchanges of this service keep computing for long: they are better not run where others wait for the thread.
    #[must_use]
    pub fn computes_long(&self, service: &str) -> bool {
        self.routes.load().service(service).is_some_and(|service| service.live.handle.computes_long())
    }

    /// Put other routes in place. Exchanges under way end on the version they began on.
    pub fn set_routes(&self, routes: Routes) {
        self.routes.store(Arc::new(routes));
    }

    /// Counts of the exchanges that reached no adapter.
    #[must_use]
    pub fn unrouted(&self) -> &Stats {
        &self.unrouted
    }

    /// Where durable exchanges are kept.
    #[must_use]
    pub fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.ledger
    }

    /// Free slots of the instance pool.
    #[must_use]
    pub fn free_slots(&self) -> usize {
        self.pool.free()
    }

    /// Exchanges that can still be put on record before the database must take some.
    #[must_use]
    pub fn free_record_places(&self) -> usize {
        self.records.capacity()
    }

    /// The clock the spine goes by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Refuse new exchanges while this says that the disk refuses the record: what cannot be recorded must not happen.
    /// The first one given stays.
    pub fn refuse_while(&self, stalled: Arc<AtomicBool>) {
        let _ = self.stalled.set(stalled);
    }

    /// Notify this whenever a record is sent that somebody waits for: whoever writes the record may let the others gather.
    /// The first one given stays.
    pub fn hurry_by(&self, hurry: Arc<Notify>) {
        let _ = self.hurry.set(hurry);
    }

    pub(crate) fn hurry(&self) {
        if let Some(hurry) = self.hurry.get() {
            hurry.notify_one();
        }
    }

    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled.get().is_some_and(|stalled| stalled.load(Ordering::Relaxed))
    }

    /// Refuse new exchanges from now on; those under way go on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether new exchanges are refused.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
}
