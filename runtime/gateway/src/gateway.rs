//! The listener: binds, accepts up to its limit, and stops without leaving an exchange unanswered.

use crate::config::{GatewayConfig, HttpLimits};
use crate::connection::{Accepted, Hold, serve};
use crate::credential::Prover;
use crate::error::GatewayError;
use crate::head_time::HeadTimer;
use crate::shards::Shards;
use crate::sidings::Sidings;
use crate::spawner::Spawner;
use crate::stats::GatewayStats;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use nhip_exchange::Spine;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections that the system keeps waiting for us.
const BACKLOG: u32 = 1024;
/// Before accepting again when the system is out of something.
const RECOVER: Duration = Duration::from_millis(100);
/// For the tasks of a cut connection to end; they have nothing left to wait for.
const AFTERMATH: Duration = Duration::from_secs(5);

/// The data listener, bound and not yet serving.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    grace: Duration,
    shards: Option<Arc<Shards>>,
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) spine: Arc<Spine>,
    pub(crate) prover: Prover,
    pub(crate) limits: HttpLimits,
    pub(crate) stats: Arc<GatewayStats>,
    pub(crate) http: Builder<Spawner>,
    pub(crate) runtime: Spawner,
    pub(crate) sidings: Sidings,
}

/// Told to every connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Serving,
    /// End what is under way and begin nothing.
    Draining,
    /// End now.
    Cut,
}

impl Gateway {
    /// Bind the address. Connections are taken from here on, and served by [`Gateway::serve`].
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn bind(config: GatewayConfig, spine: Arc<Spine>, prover: Prover) -> Result<Self, GatewayError> {
        let listener = listen(config.listen).map_err(|source| GatewayError::bind(config.listen, source))?;
        let address = listener.local_addr().map_err(|source| GatewayError::bind(config.listen, source))?;
        let limits = config.limits;
        let runtime = Spawner::current();
        let sidings = Sidings::of(config.shards.as_ref());
        let http = http(&limits, runtime.clone());
        let shared = Shared { spine, prover, limits, stats: Arc::default(), http, runtime, sidings };
        let tls = config.tls.map(TlsAcceptor::from);
        Ok(Self { listener, address, tls, grace: config.grace, shards: config.shards, shared: Arc::new(shared) })
    }

    /// The address that is listened on, with the port that was taken for port 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The counts of this listener.
    #[must_use]
    pub fn stats(&self) -> Arc<GatewayStats> {
        Arc::clone(&self.shared.stats)
    }

    /// Serve until `shutdown` resolves; then accept nothing more, let the exchanges under way end within the grace
    /// period, and cut the rest. Returns how many connections were cut: 0 after a clean stop.
    ///
    /// A request that is still sent on an open connection meanwhile is the spine's to refuse: call [`Spine::stop`]
    /// before `shutdown` resolves. Every exchange has left its record when this returns. Dropping the future cuts
    /// all connections.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> usize {
        let (phase, _) = watch::channel(Phase::Serving);
        // Nothing is ever sent: it tells when the last connection is gone.
        let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
        tokio::select! {
            () = shutdown => {}
            never = self.accept(&phase, &alive) => match never {},
        }
        // The shards stay until the last connection is gone.
        let Self { listener, grace, shared, shards: _shards, .. } = self;
        drop((listener, alive));
        phase.send_replace(Phase::Draining);
        if timeout(grace, all_gone.recv()).await.is_ok() {
            return 0;
        }
        let cut = shared.stats.counts().open;
        phase.send_replace(Phase::Cut);
        if timeout(AFTERMATH, all_gone.recv()).await.is_err() {
            tracing::error!("requests of cut connections have not ended");
        }
        cut
    }

    async fn accept(&self, phase: &watch::Sender<Phase>, alive: &mpsc::Sender<Infallible>) -> Infallible {
        let places = Arc::new(Semaphore::new(self.shared.limits.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
        loop {
            if places.available_permits() == 0 {
                self.shared.stats.full();
            }
            // Nobody closes it.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { continue };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    let hold = Hold::new(Arc::clone(&self.shared), place, alive.clone());
                    let accepted = Accepted { stream, peer, hold, phase: phase.subscribe() };
                    let tls = self.tls.clone();
                    match &self.shards {
                        Some(shards) => shards.serve(accepted, tls),
                        None => drop(tokio::spawn(serve(accepted, tls))),
                    }
                }
                Err(error) if is_peers(&error) => {}
                Err(error) => {
                    self.shared.stats.accept_failed(&error);
                    sleep(RECOVER).await;
                }
            }
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the connections of the run before to time out.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Whether only the one connection failed, before it was ours.
fn is_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// HTTP/1.1 and HTTP/2 within the limits. Where the library's own default is the safe one, it is left alone: 100
/// headers, 20 pending resets (the "rapid reset" attack), end of the connection when the peer half-closes.
fn http(limits: &HttpLimits, runtime: Spawner) -> Builder<Spawner> {
    /// What a peer may send ahead on a stream, and on all streams of a connection, before anybody reads it.
    const STREAM_WINDOW: u32 = 256 * 1024;
    const CONNECTION_WINDOW: u32 = 2 * STREAM_WINDOW;
    /// The least that the library takes.
    const LEAST_BUFFER: usize = 8 * 1024;

    let mut http = Builder::new(runtime);
    http.http1()
        .timer(HeadTimer)
        .header_read_timeout(limits.header_time)
        // Bounds the head; a body is read in pieces of this size.
        .max_buf_size(limits.header_bytes.max(LEAST_BUFFER));
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.max_streams)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        // Finds out about peers that vanished without a word while their exchange is under way.
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10));
    http
}
