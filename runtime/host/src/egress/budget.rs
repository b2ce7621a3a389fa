//! What one exchange may still spend on upstream systems.
//!
//! Invariant: the allowance of calls only goes down, also for calls that are refused, so that a guest that asks in a loop comes to an
//! end and the trail of its exchange stays short.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use nhip_policies::Limits;
use tokio::time::Instant;

/// The allowance of one exchange, shared by all its calls.
#[derive(Debug)]
pub struct Budget {
    deadline: Instant,
    max_request: u64,
    max_response: u64,
    calls_left: AtomicU32,
    overdrawn: AtomicBool,
}

/// Whether another call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spend {
    Granted,
    /// The first call too many; it is still worth a line in the trail.
    JustOver,
    Over,
}

impl Budget {
    /// The allowance that a policy's limits give an exchange which must end at `deadline`.
    #[must_use]
    pub fn new(limits: &Limits, deadline: Instant) -> Self {
        Self {
            deadline,
            max_request: limits.upstream_request,
            max_response: limits.upstream_response,
            calls_left: AtomicU32::new(limits.upstream_calls),
            overdrawn: AtomicBool::new(false),
        }
    }

    /// When the exchange must end.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Most bytes of a request's body.
    pub(super) fn max_request(&self) -> u64 {
        self.max_request
    }

    /// Most bytes of an answer's body.
    pub(super) fn max_response(&self) -> u64 {
        self.max_response
    }

    /// Takes one call of another adapter off the allowance; whether there was one left.
    pub(crate) fn take_call(&self) -> bool {
        self.spend() == Spend::Granted
    }

    /// Takes one call off the allowance.
    pub(super) fn spend(&self) -> Spend {
        let less = |left: u32| left.checked_sub(1);
        match self.calls_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Spend::Granted,
            Err(_) if !self.overdrawn.swap(true, Ordering::Relaxed) => Spend::JustOver,
            Err(_) => Spend::Over,
        }
    }
}
