//! The body of a request that was answered before it was read.
//!
//! On HTTP/1.1 the peer may still be sending it. Closing at once would make its system throw our answer away with the
//! bytes that nobody read (RFC 9112, section 9.6), so the rest is read and thrown away for a short while; an endless
//! one ends the connection. On HTTP/2 a stream is simply reset, which the library does.

use crate::body::{Shared, discard};
use http::Version;
use http::header::EXPECT;
use http::request::Parts;
use hyper::body::{Body, Incoming};
use std::sync::Arc;
use std::time::Duration;

/// A rest up to this size is read for the sake of the connection, which then goes on.
const SMALL: u64 = 64 * 1024;
/// The most that is read for the sake of the answer.
const MOST: u64 = 1024 * 1024;
/// The longest that is waited for it: a few round trips on a bad line.
const LONGEST: Duration = Duration::from_secs(2);

/// What may be left of a request's body after the exchange.
pub(crate) struct Leftover {
    shared: Arc<Shared>,
    http1: bool,
    small: bool,
    /// The peer waits to be told to go on, and was not: nothing comes.
    held_back: bool,
}

impl Leftover {
    pub(crate) fn of(head: &Parts, body: Incoming) -> Self {
        Self {
            http1: head.version <= Version::HTTP_11,
            small: body.size_hint().upper().is_some_and(|length| length <= SMALL),
            held_back: head.headers.contains_key(EXPECT),
            shared: Shared::new(body),
        }
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Deal with what is left. Whether the connection must be closed after the answer.
    pub(crate) fn settle(self) -> bool {
        let Some(rest) = self.shared.take() else { return false };
        if !self.http1 {
            return false;
        }
        if !self.held_back {
            // Ends by itself, also when the connection is cut.
            tokio::spawn(discard(rest, MOST, LONGEST));
        }
        self.held_back || !self.small
    }
}
