//! The sidings of the listener: threads for the exchanges of adapters that compute for long, which give way to all others.
//!
//! Where all processors are busy, whoever wakes up should get one at once, and not wait for the operating system to interrupt a thread that
//! computes: that can take a tick of its clock, four milliseconds. So on Linux a siding has a lower priority than the other threads (a tenth of the share
//! of one of them, and all that they leave), and after each stretch of computing it sleeps as shortly as it can: a thread that waits for another
//! processor is then moved to this one, which the system does when one falls idle. An exchange stays on its siding; it is given to the
//! one with the fewest.

use crate::shards::Shards;
use crate::spawner::Spawner;
use crate::worker::{Entrance, Place, Worker};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;

/// How much nicer a siding is to the other threads: of the processor it gets a tenth of what one of them gets.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;
/// A poll that took so long was computing. The host interrupts a guest that computes for long every half a millisecond.
const STRETCH: Duration = Duration::from_micros(250);
/// As short as the operating system can: some sixty microseconds on Linux.
const MOMENT: Duration = Duration::from_nanos(1);

/// Start as many as there are processors to hold; `begin` is called on the thread of each first.
pub(crate) fn start(sidings: usize, begin: fn()) -> io::Result<Vec<Worker>> {
    let start = |number| {
        Worker::start(format!("nhip-siding-{number}"), Builder::new_current_thread(), move || {
            begin();
            be_nice();
        })
    };
    (0..sidings).map(start).collect()
}

#[cfg(target_os = "linux")]
fn be_nice() {
    // Of this thread. It needs no privilege; where it is forbidden all the same, the sleeps are left.
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::warn!(%error, "exchanges that compute for long have the priority of all others");
    }
}

/// Elsewhere it would be the priority of the whole process.
#[cfg(not(target_os = "linux"))]
fn be_nice() {}

/// The ways onto the sidings. They do not keep them alive.
#[derive(Debug)]
pub(crate) struct Sidings(Box<[Entrance]>);

impl Sidings {
    pub(crate) fn of(shards: Option<&Arc<Shards>>) -> Self {
        Self(shards.map(|shards| shards.sidings().map(Worker::entrance).cloned().collect()).unwrap_or_default())
    }

    /// A place on the freest. None where there are no sidings.
    pub(crate) fn take(&self) -> Option<Siding> {
        let entrance = Entrance::freest(&self.0)?;
        Some(Siding { spawner: Spawner::on(entrance.runtime().clone()), place: entrance.take() })
    }
}

/// A siding, for one exchange.
pub(crate) struct Siding {
    pub(crate) spawner: Spawner,
    place: Place,
}

impl Siding {
    /// Do the work there, which gives way whenever it was computing.
    pub(crate) fn gently<T>(self, work: impl Future<Output = T>) -> impl Future<Output = T> {
        let Self { place, .. } = self;
        async move {
            let _place = place;
            let mut work = pin!(work);
            std::future::poll_fn(|context| {
                let began = Instant::now();
                let poll: Poll<T> = work.as_mut().poll(context);
                if poll.is_pending() && began.elapsed() >= STRETCH {
                    std::thread::sleep(MOMENT);
                }
                poll
            })
            .await
        }
    }
}

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use super::*;

    /// How often this thread gave the processor away by itself.
    fn given_away() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let count = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        count.unwrap().trim().parse().unwrap()
    }

    /// How often a siding gave way while work was done in forty stretches, each so long.
    async fn gave_way(stretch: Duration) -> u64 {
        let shards = Arc::new(Shards::start(1, || {}).unwrap());
        let siding = Sidings::of(Some(&shards)).take().unwrap();
        let spawner = siding.spawner.clone();
        spawner
            .run(siding.gently(async move {
                let before = given_away();
                for _ in 0..40 {
                    let began = Instant::now();
                    while began.elapsed() < stretch {}
                    tokio::task::yield_now().await;
                }
                given_away() - before
            }))
            .await
    }

    #[tokio::test]
    async fn a_siding_gives_way_after_each_stretch_of_computing_and_not_after_short_work() {
        // On a busy machine a sleep can be over before it began, and short work takes long now and then.
        let [long, short] = [gave_way(2 * STRETCH).await, gave_way(Duration::ZERO).await];
        assert!(long >= 20 && short < 20, "{long} {short}");
    }

    #[tokio::test]
    async fn a_siding_is_nicer_than_the_shards() {
        let shards = Arc::new(Shards::start(1, || {}).unwrap());
        let siding = Sidings::of(Some(&shards)).take().unwrap();
        let nice = async || rustix::process::getpriority_process(None).unwrap();
        let own = nice().await;
        let there = siding.spawner.run(async move { nice().await }).await;
        assert_eq!(there, (own + NICER).min(19));
        assert_eq!(nice().await, own);
    }

    #[tokio::test]
    async fn an_exchange_gets_the_freest_siding_and_its_place_is_free_again_at_its_end() {
        let shards = Arc::new(Shards::start(2, || {}).unwrap());
        let sidings = Sidings::of(Some(&shards));
        let name = async || std::thread::current().name().unwrap_or_default().to_owned();
        let first = sidings.take().unwrap();
        for _ in 0..3 {
            let second = sidings.take().unwrap();
            let spawner = second.spawner.clone();
            assert_eq!(spawner.run(second.gently(async move { name().await })).await, "nhip-siding-1");
        }
        drop(first);
        let first = sidings.take().unwrap();
        assert_eq!(first.spawner.run(async move { name().await }).await, "nhip-siding-0");
    }

    #[test]
    fn without_shards_there_are_none() {
        assert!(Sidings::of(None).take().is_none());
    }
}
