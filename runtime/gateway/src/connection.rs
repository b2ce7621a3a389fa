//! One connection, from the accepted socket to its end: TLS, HTTP, and a watchdog over what the HTTP library does
//! not time.

use crate::activity::{Activity, Verdict};
use crate::gateway::{Phase, Shared};
use crate::handler::handle;
use crate::head_time::glance;
use crate::joined::Joined;
use crate::stats::Mishap;
use crate::worker::Place;
use compact_str::{CompactString, ToCompactString};
use futures_util::stream::{FuturesUnordered, StreamExt};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;

/// How long a connection that was told to end may take for it, at most.
const FAREWELL: Duration = Duration::from_secs(5);

/// A socket that was just accepted.
pub(crate) struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) hold: Hold,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// What a connection holds until its last request has ended: its place among the connections and on its shard, and the
/// stop that waits for it.
pub(crate) struct Hold {
    shared: Arc<Shared>,
    shard: Option<Place>,
    _place: OwnedSemaphorePermit,
    _alive: mpsc::Sender<Infallible>,
}

impl Hold {
    pub(crate) fn new(shared: Arc<Shared>, place: OwnedSemaphorePermit, alive: mpsc::Sender<Infallible>) -> Self {
        shared.stats.opened();
        Self { shared, shard: None, _place: place, _alive: alive }
    }

    /// With a place on a shard.
    pub(crate) fn on(mut self, shard: Place) -> Self {
        self.shard = Some(shard);
        self
    }

    /// Count and log why it could not even begin.
    pub(crate) fn mishap(self, mishap: Mishap, peer: SocketAddr, why: &str) {
        self.shared.stats.mishap(mishap, peer, why);
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        drop(self.shard.take());
        self.shared.stats.closed();
    }
}

/// A connection that speaks HTTP; shared by its requests.
pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: SocketAddr,
    /// The same as text, for records.
    pub(crate) peer_text: CompactString,
    pub(crate) activity: Activity,
    _hold: Hold,
}

/// Serve it to its end.
pub(crate) async fn serve(accepted: Accepted, tls: Option<TlsAcceptor>) {
    let Accepted { stream, peer, hold, mut phase } = accepted;
    let shared = Arc::clone(&hold.shared);
    // Answers are written whole: waiting for more to send only makes callers wait.
    if let Err(error) = stream.set_nodelay(true) {
        return shared.stats.mishap(Mishap::Broken, peer, &error.to_string());
    }
    let connection = |hold| {
        let activity = Activity::new(Instant::now());
        Arc::new(Connection {
            shared: Arc::clone(&shared),
            peer,
            peer_text: peer.to_compact_string(),
            activity,
            _hold: hold,
        })
    };
    let Some(tls) = tls else { return speak(connection(hold), stream, phase).await };
    tokio::select! {
        shaken = timeout(shared.limits.tls_time, tls.accept(stream)) => match shaken {
            Ok(Ok(stream)) => speak(connection(hold), stream, phase).await,
            Ok(Err(error)) => shared.stats.mishap(Mishap::Tls, peer, &error.to_string()),
            Err(_) => shared.stats.mishap(Mishap::Tls, peer, "the handshake took too long"),
        },
        // Nothing was asked yet, so a stop leaves nothing unanswered.
        _ = phase.changed() => {}
    }
}

/// Speak HTTP, the version by what the peer begins with, until the peer, the watchdog or a stop ends it.
async fn speak<I>(connection: Arc<Connection>, io: I, mut phase: watch::Receiver<Phase>)
where
    I: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let shared = Arc::clone(&connection.shared);
    let service = {
        let connection = Arc::clone(&connection);
        service_fn(move |request| handle(Arc::clone(&connection), request))
    };
    let mut http = pin!(shared.http.serve_connection(TokioIo::new(Joined::new(io)), service));
    let mut watchdog = Watchdog { connection: &connection, farewell: None };
    loop {
        let wait = match watchdog.look(Instant::now()) {
            // Nothing else makes the library look at the time of a head whose peer has fallen silent.
            Look::Wait(until) => until.min(Instant::now() + glance(shared.limits.header_time)),
            Look::Farewell(until) => {
                http.as_mut().graceful_shutdown();
                until
            }
            Look::Cut(mishap, why) => return shared.stats.mishap(mishap, connection.peer, why),
        };
        let told = {
            // A set asks only what has woken it: this comes once in a while, and would otherwise be asked at each step of an exchange.
            let mut rare = FuturesUnordered::from_iter([timeout_at(wait, phase.changed())]);
            tokio::select! {
                biased;
                end = http.as_mut() => {
                    return end.err().map_or((), |error| shared.stats.mishap(mishap(&*error), connection.peer, &error.to_string()));
                }
                Some(told) = rare.next() => told,
            }
        };
        if let Ok(changed) = told {
            // Without a sender, nobody serves any more.
            if changed.is_err() || *phase.borrow_and_update() == Phase::Cut {
                return shared.stats.mishap(Mishap::Cut, connection.peer, "the gateway stopped before it was done");
            }
            http.as_mut().graceful_shutdown();
        }
    }
}

struct Watchdog<'a> {
    connection: &'a Connection,
    /// When a connection that was told to end must have ended.
    farewell: Option<Instant>,
}

enum Look {
    Wait(Instant),
    Farewell(Instant),
    Cut(Mishap, &'static str),
}

impl Watchdog<'_> {
    fn look(&mut self, now: Instant) -> Look {
        let limits = &self.connection.shared.limits;
        match (self.connection.activity.verdict(now, limits.header_time, limits.idle_time), self.farewell) {
            (Verdict::Wait(until), _) => {
                self.farewell = None;
                Look::Wait(until)
            }
            (Verdict::NeverSpoke, _) => Look::Cut(Mishap::TimedOut, "no request came"),
            (Verdict::Idle, None) => {
                let until = now + FAREWELL.min(limits.idle_time);
                self.farewell = Some(until);
                Look::Farewell(until)
            }
            (Verdict::Idle, Some(until)) if now < until => Look::Wait(until),
            (Verdict::Idle, Some(_)) => Look::Cut(Mishap::Cut, "the peer did not take its answer"),
        }
    }
}

/// What the end of a connection was. The library's texts quote nothing that the peer sent.
fn mishap(error: &(dyn Error + Send + Sync + 'static)) -> Mishap {
    match error.downcast_ref::<hyper::Error>() {
        Some(error) if error.is_timeout() => Mishap::TimedOut,
        Some(error) if error.is_parse() || error.is_parse_too_large() => Mishap::Malformed,
        _ => Mishap::Broken,
    }
}
