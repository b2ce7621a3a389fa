//! Delivery: what was accepted to be done later is done.
//!
//! Of each service so many at once, so that one whose system is slow or dead fills its own places and no others; of a
//! lane one at a time, which the queue sees to. It looks when something was accepted here, when something is due, when
//! a place is free, and once a second for what other gateways accepted.
//!
//! Invariant: what is tried here is under a lease that is renewed as long as it is.

use crate::job::deliver;
use crate::stop::Stop;
use nhip_exchange::Spine;
use nhip_registry::{Durables, Room};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{AbortHandle, Id, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often ends that are long over are forgotten.
const SWEEP: Duration = Duration::from_secs(3600);
/// How often the log is told that the database is away.
const REMIND: Duration = Duration::from_secs(10);

/// How it delivers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DeliveryConfig {
    /// The most exchanges of one service that are tried at once.
    pub per_service: usize,
    /// How often it is looked for what other gateways accepted.
    pub look: Duration,
}

impl Default for DeliveryConfig {
    /// 8 of a service, and a look every second.
    fn default() -> Self {
        Self { per_service: 8, look: Duration::from_secs(1) }
    }
}

/// The delivery of a gateway.
pub struct Delivery {
    spine: Arc<Spine>,
    durables: Durables,
    config: DeliveryConfig,
    stop: Stop,
    jobs: JoinSet<()>,
    /// The service that each job under way is of.
    services: HashMap<Id, String>,
    told: Option<Instant>,
}

impl Delivery {
    /// Deliver until it is told to stop. The task ends when those under way have ended and given their leases back.
    pub fn start(spine: Arc<Spine>, durables: Durables, config: DeliveryConfig, stop: Stop) -> JoinHandle<()> {
        let (jobs, services) = (JoinSet::new(), HashMap::new());
        let delivery = Self { spine, durables, config, stop, jobs, services, told: None };
        tokio::spawn(delivery.run())
    }

    async fn run(mut self) {
        let _keeper = AbortOnDrop(tokio::spawn(keep(self.durables.clone())).abort_handle());
        let mut stop = self.stop.clone();
        while !stop.is_said() {
            let wait = self.take().await;
            tokio::select! {
                biased;
                () = stop.said() => {}
                Some(ended) = self.jobs.join_next_with_id() => self.ended(ended.map_or_else(|error| error.id(), |(id, ())| id)),
                () = self.durables.more() => {}
                () = tokio::time::sleep(wait) => {}
            }
            while let Some(ended) = self.jobs.try_join_next_with_id() {
                self.ended(ended.map_or_else(|error| error.id(), |(id, ())| id));
            }
        }
        while self.jobs.join_next().await.is_some() {}
    }

    fn ended(&mut self, id: Id) {
        self.services.remove(&id);
    }

    /// Take what is due and begin it. Gives how long there is nothing to look for.
    async fn take(&mut self) -> Duration {
        let (routes, mut busy) = (self.spine.routes(), HashMap::<&str, usize>::new());
        for service in self.services.values() {
            *busy.entry(service).or_default() += 1;
        }
        let room = |service: &str| Room {
            jobs: self.config.per_service.saturating_sub(busy.get(service).copied().unwrap_or(0)),
            longest_pause: routes.service(service).map_or_else(
                || nhip_policies::Delivery::default().longest_pause,
                |it| it.live.policy.delivery.longest_pause,
            ),
        };
        let taken = match self.durables.take(room).await {
            Ok(taken) => taken,
            Err(error) => {
                if self.told.is_none_or(|told| told.elapsed() >= REMIND) {
                    tracing::error!(%error, "what was accepted to be done later cannot be taken now; trying again");
                    self.told = Some(Instant::now());
                }
                return self.config.look;
            }
        };
        if self.told.take().is_some() {
            tracing::info!("what was accepted to be done later is delivered again");
        }
        for job in taken.jobs {
            let service = job.work.service.clone();
            let (spine, durables, stop) = (Arc::clone(&self.spine), self.durables.clone(), self.stop.clone());
            let begun = self.jobs.spawn(async move { deliver(&spine, &durables, job, stop).await });
            self.services.insert(begun.id(), service);
        }
        let now = self.spine.clock().unix_millis();
        let due = taken.next_ms.map(|next| Duration::from_millis(next.saturating_sub(now).max(1)));
        due.unwrap_or(self.config.look).min(self.config.look)
    }
}

/// Renew the leases, and forget what is long over.
async fn keep(durables: Durables) {
    let mut beat = interval(durables.config().heartbeat());
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut swept: Option<Instant> = None;
    loop {
        beat.tick().await;
        if let Err(error) = durables.renew().await {
            tracing::warn!(%error, "the leases of what is tried here were not renewed; another gateway may take it over");
        }
        if swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            // In a task of its own: it may be much, and the leases do not wait.
            let durables = durables.clone();
            tokio::spawn(async move {
                if let Err(error) = durables.sweep().await {
                    tracing::warn!(%error, "ends that are long over were not forgotten; trying again in an hour");
                }
            });
        }
    }
}

/// Ends a task with who needs it.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
