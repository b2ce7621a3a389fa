//! The admin listener: sockets, HTTP/1.1, and the graceful end.
//!
//! HTTP/1.1 only: every client of it speaks that, and there is less to get wrong. Invariant: whatever a peer does or
//! leaves undone before it has shown the token has a bound in time and in bytes.

use crate::api;
use crate::config::AdminConfig;
use crate::error::AdminError;
use crate::state::AdminState;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// The largest head of a request, in bytes.
const HEAD: usize = 16 * 1024;
/// How long to wait when the system cannot hand over a connection: for want of file descriptors mostly.
const PAUSE: Duration = Duration::from_millis(100);

/// The admin listener, bound to its address.
pub struct Admin {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    config: AdminConfig,
}

impl Admin {
    /// Take the address. Connections wait until [`Admin::serve`] is called.
    ///
    /// # Errors
    /// [`AdminError::Remote`] for an address beyond this machine that was not allowed, [`AdminError::Bind`] when the
    /// system refuses it.
    pub async fn bind(config: AdminConfig, state: AdminState) -> Result<Self, AdminError> {
        let wanted = config.listen;
        if !wanted.ip().to_canonical().is_loopback() {
            if !config.allow_remote {
                return Err(AdminError::Remote { address: wanted });
            }
            tracing::warn!(address = %wanted, "the control API can be reached from other machines and speaks plain HTTP: \
                the admin token and new caller keys are readable on the way unless TLS is in front of it");
        }
        let listener = TcpListener::bind(wanted).await.map_err(|error| AdminError::bind(wanted, error))?;
        let address = listener.local_addr().map_err(|error| AdminError::bind(wanted, error))?;
        let router = api::router(state, &config, address);
        Ok(Self { listener, address, router, config })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serve until `shutdown` ends; then requests under way may end within the grace period.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, router, config, .. } = self;
        let places = Arc::new(Semaphore::new(config.limits.connections));
        let graceful = GracefulShutdown::new();
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = shutdown.as_mut() => break,
                accepted = accept(&listener, &places) => accepted,
            };
            while connections.try_join_next().is_some() {}
            let (stream, peer, place) = accepted;
            let service = TowerToHyperService::new(router.clone().layer(axum::Extension(Peer(peer))));
            let connection = http1(config.limits.head_time).serve_connection(TokioIo::new(stream), service);
            let connection = graceful.watch(connection);
            connections.spawn(async move {
                let _place = place;
                if let Err(error) = connection.await {
                    tracing::debug!(%peer, error = crate::deployments::chain(&error), "an admin connection broke");
                }
            });
        }
        drop(listener);
        if timeout(config.grace, graceful.shutdown()).await.is_err() {
            tracing::warn!(connections = connections.len(), "admin connections were cut: the grace period is over");
        }
        connections.shutdown().await;
    }
}

/// The other end of the connection that a request came over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The next connection, when there is a place for it.
async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are written whole: waiting for more to send only makes clients wait.
                let _ = stream.set_nodelay(true);
                return (stream, peer, place);
            }
            Err(error) => {
                tracing::error!(%error, "cannot accept admin connections; is the limit of open files too low?");
                sleep(PAUSE).await;
            }
        }
    }
}

fn http1(head_time: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_time).max_buf_size(HEAD);
    builder
}
