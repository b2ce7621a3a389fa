//! Keeps a token of limited life: fetched once for all who wait, renewed before it ends, thrown away when it is not accepted.
//!
//! A fetch runs in a task of its own, so no waiter that goes away can take it along, and all waiters get its one outcome. While a
//! usable token is at hand nobody waits: the renewal goes on beside. After a failure nothing is fetched for [`PAUSE`], so that a token
//! service in trouble is not hammered. Invariant: at any time at most one fetch is on its way.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;
use tokio::time::Instant;

use super::super::secret::Secret;

/// How long a failure stands before the token service is asked again.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// A token and the times of its life.
#[derive(Debug)]
pub(in super::super) struct Token {
    /// The value of `authorization`.
    pub(super) header: HeaderValue,
    /// The token itself.
    pub(super) text: Secret,
    /// From when on it should be renewed.
    pub(super) renew_at: Instant,
    /// From when on it must not be used.
    pub(super) usable_until: Instant,
}

/// Why there is no token: a sentence without URLs and without anything the token service said in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where tokens come from.
pub(in super::super) trait Issue: Send + Sync + 'static {
    /// Fetches a token. Ends by itself in bounded time.
    fn issue(&self) -> impl Future<Output = Result<Token, Refusal>> + Send;
}

type Outcome = Result<Arc<Token>, Refusal>;
type Flight = watch::Receiver<Option<Outcome>>;

/// The token of one endpoint.
pub(in super::super) struct Tokens<I> {
    shared: Arc<Shared<I>>,
}

struct Shared<I> {
    issuer: I,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Arc<Token>>,
    flight: Option<Flight>,
    /// The latest failure, and until when it stands.
    refused: Option<(Refusal, Instant)>,
    /// Until when a token that is not accepted is not replaced, since the latest replacement was not accepted either.
    in_vain_until: Option<Instant>,
}

impl<I: Issue> Tokens<I> {
    pub(super) fn new(issuer: I) -> Self {
        let shared = Shared { issuer, state: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// A usable token, at once where there is one.
    pub(super) async fn get(&self) -> Outcome {
        let mut flight = {
            let mut state = self.shared.locked();
            let now = Instant::now();
            let refusal = state.standing_refusal(now);
            if let Some(token) = state.usable(now) {
                if now >= token.renew_at && state.flight.is_none() && refusal.is_none() {
                    Shared::take_off(&self.shared, &mut state);
                }
                return Ok(token);
            }
            match (&state.flight, refusal) {
                (Some(flight), _) => flight.clone(),
                (None, Some(refusal)) => return Err(refusal),
                (None, None) => Shared::take_off(&self.shared, &mut state),
            }
        };
        let landed = flight.wait_for(Option::is_some).await;
        landed.ok().and_then(|outcome| outcome.clone()).unwrap_or_else(|| Err(lost()))
    }

    /// Another token than the one that was not accepted; `None` where a replacement was tried just now and did not help.
    pub(super) async fn replace(&self, refused: &Arc<Token>) -> Option<Outcome> {
        {
            let mut state = self.shared.locked();
            let now = Instant::now();
            if state.in_vain_until.is_some_and(|until| now < until) {
                return None;
            }
            // Somebody else may have replaced it in the meantime.
            if state.held.as_ref().is_some_and(|held| Arc::ptr_eq(held, refused)) {
                state.held = None;
            }
        }
        Some(self.get().await)
    }

    /// The replacement was not accepted either: the token is not what is wrong.
    pub(super) fn replacement_was_in_vain(&self) {
        self.shared.locked().in_vain_until = Some(Instant::now() + PAUSE);
    }
}

impl State {
    fn usable(&self, now: Instant) -> Option<Arc<Token>> {
        self.held.clone().filter(|token| now < token.usable_until)
    }

    fn standing_refusal(&self, now: Instant) -> Option<Refusal> {
        let standing = self.refused.as_ref().filter(|(_, until)| now < *until);
        standing.map(|(refusal, _)| refusal.clone())
    }
}

impl<I: Issue> Shared<I> {
    /// Starts a fetch in a task of its own.
    fn take_off(this: &Arc<Self>, state: &mut State) -> Flight {
        let (tx, flight) = watch::channel(None);
        state.flight = Some(flight.clone());
        let landing = Landing { shared: Arc::clone(this), tx };
        tokio::spawn(async move {
            let outcome = landing.shared.issuer.issue().await;
            landing.land(outcome.map(Arc::new));
        });
        flight
    }
}

impl<I> Shared<I> {
    fn locked(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and no half-made state could be seen.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a fetch, also of one that panics or is torn down with its runtime: whoever waits is told.
struct Landing<I> {
    shared: Arc<Shared<I>>,
    tx: watch::Sender<Option<Outcome>>,
}

impl<I> Landing<I> {
    fn land(&self, outcome: Outcome) {
        let mut state = self.shared.locked();
        state.flight = None;
        match &outcome {
            Ok(token) => {
                state.held = Some(Arc::clone(token));
                state.refused = None;
            }
            Err(refusal) => state.refused = Some((refusal.clone(), Instant::now() + PAUSE)),
        }
        drop(state);
        self.tx.send_replace(Some(outcome));
    }
}

impl<I> Drop for Landing<I> {
    fn drop(&mut self) {
        if self.tx.borrow().is_none() {
            self.land(Err(lost()));
        }
    }
}

fn lost() -> Refusal {
    Refusal("the request for it was lost inside the gateway".to_owned())
}

#[cfg(test)]
#[path = "../tests/token.rs"]
mod tests;
