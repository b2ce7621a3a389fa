//! The one accept loop of all simulators: loopback socket, optional TLS, HTTP/1.1, faults before the application.
//!
//! Invariant: a stopped or dropped [`Server`] leaves neither listener nor connection behind, whatever its clients do.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::faults::{Faults, apply};

/// A client that never finishes its handshake must not hold its task for ever.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);

/// A running simulator. Dropping it stops it: the accept loop ends when `stop` is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    scheme: &'static str,
    stop: oneshot::Sender<Infallible>,
    task: JoinHandle<()>,
}

impl Server {
    /// Binds a free loopback port and serves `app` on it, every request passing `faults` first.
    pub(crate) async fn start(
        app: Router,
        faults: Faults,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot bind a loopback port")?;
        let address = listener.local_addr().context("the listener has no address")?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (stop, stopped) = oneshot::channel();
        let site = Site { app, faults, tls: tls.map(TlsAcceptor::from) };
        let task = tokio::spawn(accept(listener, site, stopped));
        Ok(Self { address, scheme, stop, task })
    }

    /// `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the listener and every connection, and waits until they are gone.
    pub(crate) async fn stop(self) {
        drop(self.stop);
        // A panic inside the loop would already have shown as a failing request; there is nothing left to stop then.
        let _ = self.task.await;
    }
}

#[derive(Clone)]
struct Site {
    app: Router,
    faults: Faults,
    tls: Option<TlsAcceptor>,
}

async fn accept(listener: TcpListener, site: Site, mut stopped: oneshot::Receiver<Infallible>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, site.clone()));
                }
                // Out of file descriptors, or the peer was gone before we looked: both pass.
                Err(error) => {
                    tracing::debug!(%error, "accept failed");
                    tokio::task::yield_now().await;
                }
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, site: Site) {
    let Some(tls) = site.tls.clone() else {
        return serve(stream, site).await;
    };
    match tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
        Ok(Ok(stream)) => serve(stream, site).await,
        Ok(Err(error)) => tracing::debug!(%error, "handshake failed"),
        Err(_) => tracing::debug!("handshake timed out"),
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, site: Site) {
    let service = service_fn(|request: http::Request<Incoming>| {
        let Site { app, faults, .. } = site.clone();
        async move {
            // `Err` makes hyper drop the connection without writing a byte: that is how the fault `down` acts.
            apply::answer(&faults, request.map(Body::new), |request| async move {
                match app.oneshot(request).await {
                    Ok(response) => response,
                    Err(never) => match never {},
                }
            })
            .await
        }
    });
    let served = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended early");
    }
}
