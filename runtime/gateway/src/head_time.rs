//! The time that a request's head may take, without a timer of the runtime for every request.
//!
//! The HTTP library asks for a timer before each head and lets it go when the head is there. Timers take their places in a wheel that
//! all workers share, so here only the moment is noted.
//!
//! Invariant: a head's time is up when the library looks again after that moment; that it does so soon, with or without bytes of the
//! peer, is the business of whoever serves the connection: at least every [`glance`].

use hyper::rt::{Sleep, Timer};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// How often to let the library look, where a head has that much time: the time is passed by no more than this.
pub(crate) fn glance(header_time: Duration) -> Duration {
    header_time / 4
}

/// Notes moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadTimer;

struct Moment(Instant);

impl Future for Moment {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.0 { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Sleep for Moment {}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Moment(Instant::now() + duration))
    }

    fn sleep_until(&self, deadline: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Moment(deadline.into()))
    }

    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }
}
