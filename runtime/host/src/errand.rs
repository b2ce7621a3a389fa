//! Errands: what a guest asks of the host that takes its time, done beside the guest instead of on its stack.
//!
//! The engine runs each guest on a stack of its own, and a host function as well, for as long as it takes. The HTTP client goes deep: done
//! there, each exchange that waits for an upstream system keeps pages of its own for what another could have done in the same
//! place, and every step of the answer goes onto that stack and off it. So the host function only leaves its request here and waits; whoever
//! runs the guest sends it, on the thread's stack, and lets the guest go on with the answer.
//!
//! Invariant: one errand at a time, since the guest waits for it. It ends with the exchange: dropped, it leaves its line in the trail.

use crate::egress::{Budget, Egress, Failure, Request, Response};
use nhip_exchange::Trail;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// What a guest asks for: a request to one of its endpoints.
pub(crate) struct Ask {
    pub(crate) endpoint: String,
    pub(crate) request: Request,
    pub(crate) budget: Arc<Budget>,
    pub(crate) trail: Arc<Trail>,
}

type Outcome = Result<Response, Failure>;

/// The place between a guest and who runs it.
#[derive(Default)]
pub(crate) struct Errand(Mutex<Place>);

#[derive(Default)]
struct Place {
    /// Boxed: most exchanges ask for nothing.
    asked: Option<Box<Ask>>,
    outcome: Option<Outcome>,
}

impl Errand {
    /// Leave a request and wait for what comes of it; for host functions of a guest that runs [`beside`] its errands.
    pub(crate) async fn done(&self, ask: Ask) -> Outcome {
        self.place().asked = Some(Box::new(ask));
        // Whoever sends it wakes the task, and then asks here.
        poll_fn(|_| self.place().outcome.take().map_or(Poll::Pending, Poll::Ready)).await
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        // Both are whole at any moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Run a guest, and its errands beside it.
pub(crate) async fn beside<T>(errand: &Errand, egress: &Egress, mut guest: Pin<&mut impl Future<Output = T>>) -> T {
    let mut under_way: Option<Pin<Box<dyn Future<Output = Outcome> + Send + '_>>> = None;
    poll_fn(|context| {
        loop {
            if let Some(work) = &mut under_way {
                let Poll::Ready(outcome) = work.as_mut().poll(context) else { return Poll::Pending };
                under_way = None;
                errand.place().outcome = Some(outcome);
            }
            if let Poll::Ready(result) = guest.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            let Some(ask) = errand.place().asked.take() else { return Poll::Pending };
            under_way = Some(Box::pin(async move {
                let Ask { endpoint, request, budget, trail } = *ask;
                egress.send(&endpoint, request, &budget, &trail).await
            }));
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::tests::{endpoint, get, make, policy};
    use crate::egress::{FailureCode, Lookup, Resolve};
    use std::io;
    use std::pin::pin;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::task::{Context, Waker};
    use std::time::Duration;
    use tokio::time::Instant;

    /// Notes where a name is looked up, and finds none, or waits for ever.
    #[derive(Default)]
    struct Names {
        guest_runs: AtomicBool,
        looked_up: AtomicUsize,
        found: AtomicBool,
    }

    impl Resolve for Names {
        fn lookup<'a>(&'a self, _: &'a str, _: u16) -> Lookup<'a> {
            Box::pin(async move {
                assert!(!self.guest_runs.load(Ordering::Relaxed), "a request is on its way on the guest's stack");
                self.looked_up.fetch_add(1, Ordering::Relaxed);
                if self.found.load(Ordering::Relaxed) {
                    std::future::pending().await
                } else {
                    Err(io::ErrorKind::NotFound.into())
                }
            })
        }
    }

    struct World {
        names: Arc<Names>,
        egress: Egress,
        budget: Arc<Budget>,
        trail: Arc<Trail>,
        errand: Errand,
    }

    impl World {
        fn new() -> Self {
            let policy = policy(&endpoint("http://db.example", ""));
            let names = Arc::<Names>::default();
            let egress = make(&policy, Arc::clone(&names) as _).unwrap();
            let budget = Arc::new(Budget::new(&policy.limits, Instant::now() + Duration::from_secs(60)));
            Self { names, egress, budget, trail: Arc::default(), errand: Errand::default() }
        }

        fn ask(&self, endpoint: &str) -> Ask {
            Ask {
                endpoint: endpoint.to_owned(),
                request: get("/"),
                budget: Arc::clone(&self.budget),
                trail: Arc::clone(&self.trail),
            }
        }

        /// What a guest does, and that it is under way while it does.
        async fn guest<T>(&self, does: impl Future<Output = T>) -> T {
            let mut does = pin!(does);
            poll_fn(|context| {
                self.names.guest_runs.store(true, Ordering::Relaxed);
                let poll = does.as_mut().poll(context);
                self.names.guest_runs.store(false, Ordering::Relaxed);
                poll
            })
            .await
        }
    }

    #[tokio::test]
    async fn what_a_guest_asks_for_is_sent_while_it_does_not_run_and_it_goes_on_with_what_comes_of_it() {
        let world = World::new();
        let guest = pin!(world.guest(async {
            let unknown = world.errand.done(world.ask("other")).await.unwrap_err();
            // It may also wait for something that is no errand.
            tokio::task::yield_now().await;
            let unreachable = world.errand.done(world.ask("db")).await.unwrap_err();
            (unknown.code, unreachable.code)
        }));
        let outcome = beside(&world.errand, &world.egress, guest).await;
        assert_eq!(outcome, (FailureCode::Denied, FailureCode::Unreachable));
        assert_eq!(world.names.looked_up.load(Ordering::Relaxed), 1);
        assert!(world.errand.place().asked.is_none() && world.errand.place().outcome.is_none());
    }

    #[tokio::test]
    async fn what_comes_of_an_errand_stays_until_the_guest_takes_it() {
        let world = World::new();
        let guest = pin!(async {
            let mut answer = pin!(world.errand.done(world.ask("other")));
            assert!(answer.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            // By then it is done, and the guest is interrupted twice before it looks.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            answer.await.unwrap_err().code
        });
        let work = beside(&world.errand, &world.egress, guest);
        let code = tokio::time::timeout(Duration::from_secs(10), work).await;
        assert_eq!(code.expect("it waits for ever"), FailureCode::Denied);
    }

    #[tokio::test]
    async fn an_errand_that_is_under_way_when_the_exchange_is_dropped_leaves_its_line() {
        let world = World::new();
        world.names.found.store(true, Ordering::Relaxed);
        {
            let guest = pin!(world.guest(world.errand.done(world.ask("db"))));
            let mut work = pin!(beside(&world.errand, &world.egress, guest));
            for _ in 0..3 {
                assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
        }
        assert_eq!(world.names.looked_up.load(Ordering::Relaxed), 1);
        let noted = format!("{:?}", world.trail);
        assert!(noted.contains("endpoint: \"db\"") && noted.contains("abandoned"), "{noted}");
    }
}
