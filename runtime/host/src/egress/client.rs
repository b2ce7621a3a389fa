//! The pooled HTTP client of one endpoint, and what its errors mean.
//!
//! HTTP/1.1, or HTTP/2 where TLS agrees on it (ALPN). Connections are kept and used again. Redirects are not followed: nobody here
//! knows how. Invariant: a request is written to at most one connection. The client takes another one only when a kept connection
//! turned out closed before anything of the request was written.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use nhip_exchange::shard;
use rustls::AlertDescription;

use super::connect::{ConnectError, Connector, tls_cause};
use super::failure::{Failure, FailureCode};
use super::handed::{Handed, Watched};
use super::problem::chain;
use super::resolve::Unresolved;

/// How long an idle connection is kept: less than servers commonly do, so that it is us who close it.
const IDLE: Duration = Duration::from_secs(20);
/// The fewest idle connections for which it is worth it that a shard has its own.
const LEAST_EACH: usize = 8;
/// Most bytes of an answer's head.
const MOST_HEAD: usize = 64 * 1024;
/// How often, and how long, a silent HTTP/2 connection in use is asked whether it lives.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_WAIT: Duration = Duration::from_secs(10);

type Http = legacy::Client<Connector, Watched<Full<Bytes>>>;

/// A client for one target. Each shard has connections of its own, since a connection is driven on the thread that opened it.
///
/// All of them together keep no more than one would: the upstream system may be one that stands few. Where that leaves little for each,
/// there is one for all.
#[derive(Clone)]
pub(super) struct Client {
    /// For threads that are no shard, or for all.
    shared: Http,
    shards: Vec<Http>,
}

impl Client {
    /// `idle` is the most connections to keep when nothing is asked.
    pub(super) fn new(connector: &Connector, idle: usize) -> Self {
        let (shards, idle) = divided(idle, shard::expected());
        // Nothing is shared between them that is counted for each request.
        let client = || {
            legacy::Client::builder(TokioExecutor::new())
                .timer(TokioTimer::new())
                .pool_timer(TokioTimer::new())
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(idle)
                .http1_max_buf_size(MOST_HEAD)
                .http2_max_header_list_size(u32::try_from(MOST_HEAD).unwrap_or(u32::MAX))
                .http2_keep_alive_interval(PING_EVERY)
                .http2_keep_alive_timeout(PING_WAIT)
                .build(connector.another())
        };
        Self { shared: client(), shards: (0..shards).map(|_| client()).collect() }
    }

    /// Starts a request. The first value tells whether it was handed to a connection.
    pub(super) fn start(&self, request: http::Request<Full<Bytes>>) -> (Handed, legacy::ResponseFuture) {
        let (handed, request) = Handed::watch(request);
        let client = shard::current().and_then(|shard| self.shards.get(shard)).unwrap_or(&self.shared);
        (handed, client.request(request))
    }
}

/// How many shards have connections of their own, and how many idle ones each of them keeps, and who else there is.
fn divided(idle: usize, shards: usize) -> (usize, usize) {
    let each = idle / (shards + 1);
    if each < LEAST_EACH { (0, idle) } else { (shards, each) }
}

/// What it means for the guest that a request brought no head of an answer. `handed` says whether it was handed to a connection.
pub(super) fn head_failure(endpoint: &str, error: &legacy::Error, handed: bool) -> Failure {
    if let Some(connect) = find::<ConnectError>(error) {
        return connect_failure(endpoint, connect);
    }
    tracing::warn!(endpoint, error = %chain(error), "no answer from the upstream system");
    if let Some(tls) = tls_cause(error) {
        // In TLS 1.3 the other side judges our certificate after our handshake is done. It has then read nothing of the request.
        let sent = handed && !is_certificate_alert(tls);
        return Failure::new(FailureCode::Tls, endpoint, tls_words(tls), sent);
    }
    http_failure(endpoint, find::<hyper::Error>(error), handed)
}

/// What it means that an answer began and did not end.
pub(super) fn body_failure(endpoint: &str, error: &hyper::Error) -> Failure {
    tracing::warn!(endpoint, error = %chain(error), "the answer of the upstream system is broken");
    http_failure(endpoint, Some(error), true)
}

fn http_failure(endpoint: &str, error: Option<&hyper::Error>, sent: bool) -> Failure {
    let (code, what) = match error {
        Some(error) if error.is_parse_too_large() => (FailureCode::TooLarge, "the head of the answer is too large"),
        Some(error) if error.is_parse() || error.is_parse_status() => {
            (FailureCode::Protocol, "what came back is not HTTP")
        }
        Some(error) if error.is_timeout() => (FailureCode::Timeout, "the connection went silent"),
        _ => (FailureCode::Unreachable, "the connection broke before the answer was complete"),
    };
    Failure::new(code, endpoint, what, sent)
}

fn connect_failure(endpoint: &str, error: &ConnectError) -> Failure {
    tracing::warn!(endpoint, error = %chain(error), "no connection to the upstream system");
    let (code, what) = match error {
        ConnectError::Unresolved(Unresolved::Refused(_)) => {
            (FailureCode::Denied, "its name leads to an address that the policy does not allow".to_owned())
        }
        ConnectError::Unresolved(_) => (FailureCode::Unreachable, "its name does not resolve".to_owned()),
        ConnectError::Unreachable(_) => (FailureCode::Unreachable, "nothing answers there".to_owned()),
        ConnectError::Handshake(_) => {
            (FailureCode::Unreachable, "the connection broke in the TLS handshake".to_owned())
        }
        ConnectError::Tls(tls) => (FailureCode::Tls, tls_words(tls)),
        ConnectError::Timeout(_) => (FailureCode::Timeout, "no connection in time".to_owned()),
    };
    Failure::unsent(code, endpoint, what)
}

/// A TLS error in words that name no host: rustls names the ones it expected and found.
fn tls_words(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(_) => "the upstream system's certificate is not accepted".to_owned(),
        rustls::Error::AlertReceived(_) if is_certificate_alert(error) => {
            "the upstream system does not accept our certificate, or wants one".to_owned()
        }
        rustls::Error::AlertReceived(alert) => format!("the upstream system ended TLS with the alert `{alert:?}`"),
        rustls::Error::InvalidMessage(_) => "what answers does not speak TLS".to_owned(),
        _ => "the TLS connection failed".to_owned(),
    }
}

fn is_certificate_alert(error: &rustls::Error) -> bool {
    use AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = error else {
        return false;
    };
    matches!(
        *alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::AccessDenied
    )
}

/// The first cause of a type.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shards_together_keep_no_more_connections_than_the_policy_lets_one_keep() {
        assert_eq!(divided(64, 0), (0, 64));
        assert_eq!(divided(64, 2), (2, 21));
        assert_eq!(divided(64, 7), (7, 8));
        assert_eq!(divided(64, 8), (0, 64), "seven each");
        assert_eq!(divided(2, 2), (0, 2), "a system that stands two");
        for shards in 0..100 {
            for idle in 1..100 {
                let (own, each) = divided(idle, shards);
                assert!(each >= 1 && each * (own + 1) <= idle);
            }
        }
    }
}
