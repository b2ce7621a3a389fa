//! Whether a request was handed to a connection: from then on the upstream system may have it.
//!
//! A connection asks a body whether it is empty before it writes the head of the request, since the head says so; nobody else asks a body
//! anything. That is how the HTTP library is made, not what it promises: the tests of `sent` fail where it changes.
//!
//! Invariant: a request counts as handed over until it is known that it was let go and no connection had looked at it, so what is said
//! not to be sent was not written, not a byte of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::body::{Body, Frame, SizeHint};

/// Tells whether a request was handed to a connection, once it has failed or was given up.
pub(super) struct Handed {
    unseen: Arc<AtomicBool>,
}

/// The body of such a request.
pub(super) struct Watched<B> {
    body: B,
    seen: AtomicBool,
    unseen: Arc<AtomicBool>,
}

impl Handed {
    pub(super) fn watch<B>(request: http::Request<B>) -> (Self, http::Request<Watched<B>>) {
        let unseen = Arc::<AtomicBool>::default();
        let handed = Self { unseen: Arc::clone(&unseen) };
        (handed, request.map(|body| Watched { body, seen: AtomicBool::new(false), unseen }))
    }

    pub(super) fn over(&self) -> bool {
        !self.unseen.load(Ordering::Acquire)
    }
}

impl<B> Watched<B> {
    fn see(&self) -> &B {
        self.seen.store(true, Ordering::Relaxed);
        &self.body
    }
}

impl<B> Drop for Watched<B> {
    fn drop(&mut self) {
        if !*self.seen.get_mut() {
            self.unseen.store(true, Ordering::Release);
        }
    }
}

impl<B: Body + Unpin> Body for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.see();
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.see().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.see().size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Empty;

    type Request = http::Request<Watched<Empty<&'static [u8]>>>;

    fn request() -> (Handed, Request) {
        Handed::watch(http::Request::new(Empty::new()))
    }

    #[test]
    fn a_request_is_not_sent_only_if_it_was_let_go_before_a_connection_saw_it() {
        let (handed, request) = request();
        assert!(handed.over(), "somebody has it and may be about to send it");
        drop(request);
        assert!(!handed.over());
    }

    #[test]
    fn whoever_asks_for_the_body_may_send_it() {
        let looks: [fn(&mut Request); 3] = [
            |request| assert!(request.body().is_end_stream()),
            |request| assert_eq!(request.body().size_hint().exact(), Some(0)),
            |request| {
                let mut cx = Context::from_waker(std::task::Waker::noop());
                assert!(Pin::new(request.body_mut()).poll_frame(&mut cx).is_ready());
            },
        ];
        for look in looks {
            let (handed, mut request) = request();
            look(&mut request);
            drop(request);
            assert!(handed.over());
        }
    }
}
