//! Schedules: what the policies in service have called by the clock.
//!
//! Which runs are due is decided in the registry, where of several gateways one gets them, under a lease; here they are
//! made, one after the other, each put off by its jitter. A run is an exchange like any other: one that fails is on
//! record and is not repeated, the next one comes by the clock. One that did not reach the adapter stays to be made,
//! as long as its schedule does not say that what is late is skipped.
//!
//! Invariant: of one schedule one run is made at a time, over all gateways, as long as the lease is renewed in time.

use crate::run::exchange;
use crate::stop::Stop;
use bytes::Bytes;
use nhip_exchange::{Arrival, Digest, Fault, Kind, Origin, Spine};
use nhip_policies::{AdapterName, CallerName, Missed, Schedule, ScheduleName};
use nhip_registry::{RegistryError, ScheduleState, Schedules as Book};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{Id, JoinHandle, JoinSet};

/// A run that is later than this, besides its jitter, is one that was missed.
const GRACE: Duration = Duration::from_secs(60);
/// How soon a run is tried again that did not reach the adapter, or whose end the database does not take.
const PAUSE: Duration = Duration::from_secs(5);

/// How it looks at the clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SchedulesConfig {
    /// How often it is looked what is due.
    pub look: Duration,
    /// How long a gateway that is not heard of keeps the runs that it makes.
    pub lease: Duration,
}

impl Default for SchedulesConfig {
    /// A look every second, and a lease of 15 s.
    fn default() -> Self {
        Self { look: Duration::from_secs(1), lease: Duration::from_secs(15) }
    }
}

/// A schedule by its name.
type Name = (AdapterName, ScheduleName);

/// The schedules of a gateway.
pub struct Schedules {
    spine: Arc<Spine>,
    book: Book,
    config: SchedulesConfig,
    stop: Stop,
    making: JoinSet<()>,
    /// The schedules whose runs are made here now.
    names: HashMap<Id, Name>,
    away: bool,
}

impl Schedules {
    /// Make what is due until it is told to stop. The task ends when the runs under way have ended, and the others are
    /// given back.
    pub fn start(spine: Arc<Spine>, book: Book, config: SchedulesConfig, stop: Stop) -> JoinHandle<()> {
        let (making, names) = (JoinSet::new(), HashMap::new());
        tokio::spawn(Self { spine, book, config, stop, making, names, away: false }.run())
    }

    async fn run(mut self) {
        let mut stop = self.stop.clone();
        while !stop.is_said() {
            match self.look().await {
                Ok(()) => self.away = false,
                Err(error) => {
                    if !std::mem::replace(&mut self.away, true) {
                        tracing::error!(%error, "the schedules cannot be looked at now; trying again");
                    }
                }
            }
            stop.within(self.config.look).await;
            while let Some(ended) = self.making.try_join_next_with_id() {
                self.names.remove(&ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
        }
        while self.making.join_next().await.is_some() {}
    }

    /// Look at all schedules in service, and begin what is due.
    async fn look(&mut self) -> Result<(), RegistryError> {
        let live = live(&self.spine);
        if live.is_empty() {
            return Ok(());
        }
        let now = self.spine.clock().unix_millis();
        let states = self.book.states().await?;
        let states: HashMap<(&str, &str), &ScheduleState> =
            states.iter().map(|state| ((state.adapter.as_str(), state.name.as_str()), state)).collect();
        let here: HashSet<Name> = self.names.values().cloned().collect();
        for (name, schedule) in live {
            let state = states.get(&(name.0.as_str(), name.1.as_str()));
            if here.contains(&name) || !state.is_none_or(|state| state.may_be_due(&schedule, now)) {
                continue;
            }
            let runs = self.book.take(&name.0, &name.1, &schedule, self.config.lease).await?;
            if !runs.is_empty() {
                self.begin(name, schedule, runs);
            }
        }
        Ok(())
    }

    fn begin(&mut self, name: Name, schedule: Schedule, runs: Vec<u64>) {
        let making = Making {
            spine: Arc::clone(&self.spine),
            book: self.book.clone(),
            lease: self.config.lease,
            stop: self.stop.clone(),
            name: name.clone(),
            schedule,
        };
        let begun = self.making.spawn(making.run(runs));
        self.names.insert(begun.id(), name);
    }
}

/// The schedules of all policies in service.
fn live(spine: &Spine) -> BTreeMap<Name, Schedule> {
    let routes = spine.routes();
    let policies = routes.services().map(|service| &service.live.policy);
    policies
        .flat_map(|policy| {
            let of = |name: &ScheduleName| (policy.adapter.clone(), name.clone());
            policy.schedules.iter().map(move |(name, schedule)| (of(name), schedule.clone())).collect::<Vec<_>>()
        })
        .collect()
}

/// Runs of one schedule that are made.
struct Making {
    spine: Arc<Spine>,
    book: Book,
    lease: Duration,
    stop: Stop,
    name: Name,
    schedule: Schedule,
}

impl Making {
    /// Make them, as long as the lease is held; what is not made is given back.
    async fn run(self, runs: Vec<u64>) {
        let lost = tokio::select! {
            () = self.make_all(&runs) => false,
            () = self.hold() => true,
        };
        let (adapter, name) = &self.name;
        if lost {
            tracing::warn!(%adapter, schedule = %name, "another gateway has taken the runs of the schedule over");
        } else if let Err(error) = self.book.release(adapter, name).await {
            tracing::warn!(%adapter, schedule = %name, %error, "a schedule was not given back; its lease will end");
        }
    }

    /// Renew the lease. Ends when it is not held any more.
    async fn hold(&self) {
        loop {
            tokio::time::sleep(self.lease / 3).await;
            match self.book.renew(&self.name.0, &self.name.1, self.lease).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(schedule = %self.name.1, %error, "the lease of a schedule was not renewed; trying again");
                }
            }
        }
    }

    async fn make_all(&self, runs: &[u64]) {
        for run in runs {
            if !self.its_time(*run).await || !self.make(*run).await {
                return;
            }
            // Said until it is heard: without it the run would be made again.
            while let Err(error) = self.book.made(&self.name.0, &self.name.1, *run).await {
                tracing::error!(schedule = %self.name.1, %error, "a run cannot be crossed off now; trying again");
                if self.stop.clone().within(PAUSE).await {
                    return;
                }
            }
        }
    }

    /// Wait for the run's jitter to pass; `false` when there is no time for it any more.
    async fn its_time(&self, run: u64) -> bool {
        let delay = self.schedule.delay(self.seed(run));
        let at = run.saturating_add(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        let left = Duration::from_millis(at.saturating_sub(self.spine.clock().unix_millis()));
        // Not longer than its jitter: the clock may have been set back.
        !self.stop.clone().within(left.min(delay)).await
    }

    /// Make one run. Gives whether it is over.
    async fn make(&self, run: u64) -> bool {
        let (adapter, name) = &self.name;
        let late = Duration::from_millis(self.spine.clock().unix_millis().saturating_sub(run));
        if self.schedule.missed == Missed::Skip && late > GRACE + self.schedule.jitter {
            tracing::warn!(%adapter, schedule = %name, "a run was skipped: it could not be made in time");
            return true;
        }
        match exchange(&self.spine, self.arrival()).await {
            Err(fault) if not_tried(fault.kind) => {
                self.stop.clone().within(PAUSE.min(self.lease / 2)).await;
                false
            }
            _ => true,
        }
    }

    fn arrival(&self) -> Arrival {
        let (adapter, name) = &self.name;
        // Both are names of one shape.
        let caller = adapter.parse::<CallerName>().map_err(|_| {
            Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
                .inside("an adapter cannot be a caller")
        });
        Arrival {
            origin: Origin::Schedule(name.to_string()),
            peer: None,
            caller,
            service: (&self.schedule.call.service).into(),
            function: (&self.schedule.call.function).into(),
            purpose: self.schedule.purpose.as_ref().map(Into::into),
            traceparent: None,
            flaw: None,
            key: None,
            later: false,
            body: Box::new(body(&self.schedule)),
        }
    }

    /// The chance of a run's jitter: the same at every gateway.
    fn seed(&self, run: u64) -> u64 {
        let digest = Digest::of(format!("{} {} {run}", self.name.0, self.name.1).as_bytes());
        digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

/// The parameters as they are called with.
fn body(schedule: &Schedule) -> Bytes {
    // A map of JSON values is always JSON.
    serde_json::to_vec(&schedule.parameters).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

/// Whether the run did not reach the adapter and may soon.
fn not_tried(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Saturated | Kind::Stopping | Kind::RecordUnavailable | Kind::AdapterUnavailable | Kind::UnknownService
    )
}
