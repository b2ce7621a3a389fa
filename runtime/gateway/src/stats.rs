//! Counts of what happens on the listener outside exchanges: plain atomics, read when somebody scrapes them.

use crate::quiet::Quiet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Counts of connections and of requests that are no exchange.
#[derive(Debug)]
pub struct GatewayStats {
    accepted: AtomicU64,
    open: AtomicUsize,
    full: AtomicU64,
    accept_failed: AtomicU64,
    tls_failed: AtomicU64,
    malformed: AtomicU64,
    timed_out: AtomicU64,
    broken: AtomicU64,
    cut: AtomicU64,
    other_requests: AtomicU64,
    quiet: Quiet,
}

/// What [`GatewayStats`] held at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayCounts {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open now.
    pub open: usize,
    /// Times the listener stopped accepting because every connection was taken.
    pub full: u64,
    /// Connections that the system could not hand over, for want of file descriptors mostly.
    pub accept_failed: u64,
    /// Connections whose TLS handshake failed or took too long.
    pub tls_failed: u64,
    /// Connections that sent what is no HTTP, or a head over the limit.
    pub malformed: u64,
    /// Connections closed because a request's head took too long, or none ever came.
    pub timed_out: u64,
    /// Connections that broke, mostly because the peer went away.
    pub broken: u64,
    /// Connections cut because a stop's grace period was over, or because the peer did not take its answer.
    pub cut: u64,
    /// Requests that were no exchange: the catalogue, unknown addresses, `OPTIONS`.
    pub other_requests: u64,
}

/// How a connection ended that did not end well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mishap {
    Tls,
    Malformed,
    TimedOut,
    Broken,
    Cut,
}

impl Default for GatewayStats {
    fn default() -> Self {
        Self {
            accepted: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            full: AtomicU64::new(0),
            accept_failed: AtomicU64::new(0),
            tls_failed: AtomicU64::new(0),
            malformed: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            cut: AtomicU64::new(0),
            other_requests: AtomicU64::new(0),
            quiet: Quiet::every(Duration::from_secs(1)),
        }
    }
}

impl GatewayStats {
    /// What was counted up to now.
    #[must_use]
    pub fn counts(&self) -> GatewayCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        GatewayCounts {
            accepted: read(&self.accepted),
            open: self.open.load(Ordering::Relaxed),
            full: read(&self.full),
            accept_failed: read(&self.accept_failed),
            tls_failed: read(&self.tls_failed),
            malformed: read(&self.malformed),
            timed_out: read(&self.timed_out),
            broken: read(&self.broken),
            cut: read(&self.cut),
            other_requests: read(&self.other_requests),
        }
    }

    pub(crate) fn opened(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn other_request(&self) {
        self.other_requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn full(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
        if let Some(left_out) = self.quiet.line(Instant::now()) {
            tracing::warn!(left_out, "every connection is taken; further ones wait until one ends");
        }
    }

    pub(crate) fn accept_failed(&self, error: &std::io::Error) {
        self.accept_failed.fetch_add(1, Ordering::Relaxed);
        if let Some(left_out) = self.quiet.line(Instant::now()) {
            tracing::error!(%error, left_out, "cannot accept connections; is the limit of open files too low?");
        }
    }

    /// Count it and log it: the words are ours, nothing the peer sent is in them.
    pub(crate) fn mishap(&self, mishap: Mishap, peer: SocketAddr, why: &str) {
        let (counter, what) = match mishap {
            Mishap::Tls => (&self.tls_failed, "a TLS handshake failed"),
            Mishap::Malformed => (&self.malformed, "a connection sent no proper HTTP"),
            Mishap::TimedOut => (&self.timed_out, "a connection sent no whole request in time"),
            Mishap::Broken => (&self.broken, "a connection broke"),
            Mishap::Cut => (&self.cut, "a connection was cut"),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        if mishap == Mishap::Broken {
            // Callers go away all the time; an exchange that this ended has its own line.
            tracing::debug!(%peer, why, "{what}");
        } else if let Some(left_out) = self.quiet.line(Instant::now()) {
            tracing::warn!(%peer, why, left_out, "{what}");
        }
    }
}
