//! The shards of the listener: threads of which each serves its own connections (see [`nhip_exchange::shard`]).
//!
//! A connection stays on the shard that it was given, the one with the fewest. What would hold the others up there runs on the shared
//! runtime, which moves its tasks to whatever thread is free: exchanges of adapters that compute for long, and those of one HTTP/2
//! connection, which are many at once. So do those with an idempotency key, which may outlive their connection.

use crate::connection::{Accepted, serve};
use crate::stats::Mishap;
use hyper::rt::Executor;
use nhip_exchange::lull::Lull;
use nhip_exchange::shard;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio_rustls::TlsAcceptor;

/// Shards, ready to be given to a listener. Their threads end when this is dropped, and with them the connections that are left.
#[derive(Debug)]
pub struct Shards {
    shards: Vec<Shard>,
    lull: Arc<Lull>,
}

#[derive(Debug)]
struct Shard {
    runtime: Handle,
    open: Arc<AtomicUsize>,
    /// Dropped, it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Shards {
    /// Start so many, at least one; `begin` is called on the thread of each first. To be called before any adapter is made ready: each keeps
    /// its own connections to upstream systems.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(shards: usize, begin: fn()) -> io::Result<Self> {
        shard::expect(shards.max(1));
        let lull = Arc::default();
        let shards = (0..shards.max(1)).map(|number| Shard::start(number, begin, &lull)).collect::<io::Result<_>>()?;
        Ok(Self { shards, lull })
    }

    /// When one of them has nothing to do.
    #[must_use]
    pub fn lull(&self) -> Arc<Lull> {
        Arc::clone(&self.lull)
    }

    /// Serve a connection to its end.
    pub(crate) fn serve(&self, accepted: Accepted, tls: Option<TlsAcceptor>) {
        let Some(shard) = self.shards.iter().min_by_key(|shard| shard.open.load(Ordering::Relaxed)) else { return };
        let Accepted { stream, peer, hold, phase } = accepted;
        let hold = hold.on(Place::take(&shard.open));
        shard.runtime.spawn(async move {
            match moved(stream) {
                Ok(stream) => serve(Accepted { stream, peer, hold, phase }, tls).await,
                Err(error) => hold.mishap(Mishap::Broken, peer, &error.to_string()),
            }
        });
    }
}

impl Shard {
    fn start(number: usize, begin: fn(), lull: &Arc<Lull>) -> io::Result<Self> {
        let [sleeps, wakes] = [Arc::clone(lull), Arc::clone(lull)];
        let runtime = Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || sleeps.begins())
            .on_thread_unpark(move || wakes.ends())
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new().name(format!("nhip-shard-{number}")).spawn(move || {
            begin();
            shard::enter(number);
            // Nothing is ever sent: it ends when the sender is dropped.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, open: Arc::default(), _stop: stop })
    }
}

/// A connection's place on its shard.
pub(crate) struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A socket is known to the runtime that accepted it; this makes it known to the one of this thread.
fn moved(stream: TcpStream) -> io::Result<TcpStream> {
    TcpStream::from_std(stream.into_std()?)
}

/// Spawns on the shared runtime, from whatever thread.
#[derive(Clone, Debug)]
pub(crate) struct OnShared(Handle);

impl OnShared {
    /// The runtime of this task.
    pub(crate) fn current() -> Self {
        Self(Handle::current())
    }

    /// Run it there, to its end, also when this is dropped. Its panic goes on here.
    pub(crate) async fn finish<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        joined(self.0.spawn(work)).await
    }

    /// Run it there. It ends when this is dropped. Its panic goes on here.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let task = self.0.spawn(work);
        let _end = Aborting(task.abort_handle());
        joined(task).await
    }
}

async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(outcome) => outcome,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody who waits has aborted it, so its runtime stops, and the process with it.
            Err(_) => std::future::pending().await,
        },
    }
}

struct Aborting(AbortHandle);

impl Drop for Aborting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<F> Executor<F> for OnShared
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, work: F) {
        self.0.spawn(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;

    #[tokio::test]
    async fn what_panics_on_the_shared_runtime_panics_here() {
        let shared = OnShared::current();
        assert_eq!(shared.run(async { 7 }).await, 7);
        let outer = tokio::spawn(async move { shared.run(async { panic!("no") }).await });
        let panic: Result<(), _> = outer.await;
        assert!(panic.unwrap_err().is_panic());
    }

    #[tokio::test]
    async fn each_thread_begins_as_it_is_told() {
        thread_local! {
            static BEGUN: Cell<bool> = const { Cell::new(false) };
        }
        let shards = Shards::start(2, || BEGUN.set(true)).unwrap();
        for shard in &shards.shards {
            assert!(shard.runtime.spawn(async { BEGUN.get() }).await.unwrap());
        }
        assert!(!BEGUN.get());
    }

    #[test]
    fn a_shard_that_has_nothing_to_do_is_seen_and_one_that_works_is_not() {
        let shards = Shards::start(1, || {}).unwrap();
        let (lull, [shard]) = (shards.lull(), shards.shards.as_slice()) else { panic!("another number of shards") };
        assert!(lull.wait(Duration::from_secs(60)), "nobody asks it for anything");
        let (begins, begun) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        shard.runtime.spawn(async move {
            begins.send(()).unwrap();
            let _ = ended.recv();
        });
        begun.recv().unwrap();
        assert!(!lull.wait(Duration::from_millis(5)));
        drop(end);
        assert!(lull.wait(Duration::from_secs(60)));
    }

    #[tokio::test]
    async fn the_threads_end_with_their_shards() {
        let shards = Shards::start(2, || {}).unwrap();
        let runtimes: Vec<_> = shards.shards.iter().map(|shard| shard.runtime.clone()).collect();
        assert_eq!(runtimes.len(), 2);
        drop(shards);
        for runtime in runtimes {
            // It is dropped as soon as the runtime is.
            let ended = runtime.spawn(std::future::pending::<()>()).await;
            assert!(ended.unwrap_err().is_cancelled());
        }
    }
}
