//! One connection to an endpoint: resolve, vet, connect to the vetted address, TLS under the name of the URL.
//!
//! The HTTP client asks for a new connection only when none is idle, so the vetting happens for every connection, after the look-up.
//! Invariant: there is no way to a socket but through [`Target::vetted`].

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tower_service::Service;

use super::resolve::{Target, Unresolved};

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, ConnectError>> + Send>>;

/// Why there is no connection. For the log: it may name addresses.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    #[error("nobody answers")]
    Unreachable(#[source] io::Error),
    #[error("the TLS handshake failed")]
    Tls(#[source] rustls::Error),
    #[error("the connection broke in the TLS handshake")]
    Handshake(#[source] Box<dyn Error + Send + Sync>),
    #[error("no connection within {} ms", .0.as_millis())]
    Timeout(Duration),
}

/// Makes connections to one target. The HTTP client clones it for each request.
#[derive(Debug, Clone)]
pub(super) struct Connector(Arc<Way>);

#[derive(Debug, Clone)]
struct Way {
    way: HttpsConnector<Tcp>,
    within: Duration,
}

impl Connector {
    /// `within` bounds the whole of it: look-up, TCP and TLS.
    pub(super) fn new(target: Target, tls: Arc<ClientConfig>, within: Duration) -> Self {
        let tcp = Tcp { target: Arc::new(target), within };
        Self(Arc::new(Way { way: HttpsConnector::from((tcp, tls)), within }))
    }

    /// One more to the same target, whose clones are counted apart.
    pub(super) fn another(&self) -> Self {
        Self(Arc::new(Way::clone(&self.0)))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = ConnectError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let within = self.0.within;
        let connecting = self.0.way.clone().call(uri);
        Box::pin(async move {
            let connected = timeout(within, connecting).await.map_err(|_| ConnectError::Timeout(within))?;
            connected.map_err(ConnectError::of)
        })
    }
}

impl ConnectError {
    /// Tells our own errors from those of the TLS handshake above them.
    fn of(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => *own,
            Err(error) => match tls_cause(error.as_ref()) {
                Some(cause) => Self::Tls(cause.clone()),
                None => Self::Handshake(error),
            },
        }
    }
}

/// The TLS error that caused another error, if one did.
pub(super) fn tls_cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls);
        }
        // An I/O error does not count what it wraps as its source, only that one's source.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

/// The part below TLS.
#[derive(Debug, Clone)]
struct Tcp {
    target: Arc<Target>,
    within: Duration,
}

impl Service<Uri> for Tcp {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    /// The URI says nothing new: the target is where the policy says.
    fn call(&mut self, _: Uri) -> Self::Future {
        let target = Arc::clone(&self.target);
        let until = Instant::now() + self.within;
        Box::pin(async move {
            let addresses = target.vetted().await?;
            let stream = first_that_answers(&addresses, until).await.map_err(ConnectError::Unreachable)?;
            // Requests are written whole; waiting for more to send would only delay them.
            stream.set_nodelay(true).map_err(ConnectError::Unreachable)?;
            tracing::debug!(endpoint = target.endpoint(), peer = ?stream.peer_addr().ok(), "connected");
            Ok(TokioIo::new(stream))
        })
    }
}

/// Tries the addresses in order. Each but the last gets an even share of the time left, so that a dead one does not use up all of it.
async fn first_that_answers(addresses: &[SocketAddr], until: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (index, address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
        let now = Instant::now();
        let share = until.saturating_duration_since(now) / left;
        match timeout_at(now + share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::from(io::ErrorKind::TimedOut),
        }
    }
    Err(last)
}
