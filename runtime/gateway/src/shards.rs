//! The shards of the listener: threads of which each serves its own connections (see [`nhip_exchange::shard`]).
//!
//! A connection stays on the shard that it was given, the one with the fewest. What would hold the others up there runs elsewhere: exchanges of
//! adapters that compute for long on the [`sidings`], and those of one HTTP/2 connection, which are many at once, on the shared runtime, which
//! moves its tasks to whatever thread is free. So do those with an idempotency key, which may outlive their connection.

use crate::connection::{Accepted, serve};
use crate::sidings;
use crate::stats::Mishap;
use crate::worker::{Entrance, Worker};
use nhip_exchange::lull::Lull;
use nhip_exchange::shard;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio_rustls::TlsAcceptor;

/// Shards, ready to be given to a listener, and its sidings. Their threads end when this is dropped, and with them the connections that are left.
#[derive(Debug)]
pub struct Shards {
    shards: Vec<Worker>,
    sidings: Vec<Worker>,
    lull: Arc<Lull>,
}

impl Shards {
    /// Start so many, at least one, and as many sidings; `begin` is called on the thread of each first. To be called before any adapter is made ready: each
    /// shard keeps its own connections to upstream systems.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(shards: usize, begin: fn()) -> io::Result<Self> {
        let count = shards.max(1);
        shard::expect(count);
        let lull = Arc::default();
        let shards = (0..count).map(|number| start(number, begin, &lull)).collect::<io::Result<_>>()?;
        Ok(Self { shards, sidings: sidings::start(count, begin)?, lull })
    }

    /// When one of them has nothing to do.
    #[must_use]
    pub fn lull(&self) -> Arc<Lull> {
        Arc::clone(&self.lull)
    }

    pub(crate) fn sidings(&self) -> impl Iterator<Item = &Worker> {
        self.sidings.iter()
    }

    /// Serve a connection to its end.
    pub(crate) fn serve(&self, accepted: Accepted, tls: Option<TlsAcceptor>) {
        let Some(shard) = Entrance::freest(self.shards.iter().map(Worker::entrance)) else { return };
        let Accepted { stream, peer, hold, phase } = accepted;
        let hold = hold.on(shard.take());
        shard.runtime().spawn(async move {
            match moved(stream) {
                Ok(stream) => serve(Accepted { stream, peer, hold, phase }, tls).await,
                Err(error) => hold.mishap(Mishap::Broken, peer, &error.to_string()),
            }
        });
    }
}

fn start(number: usize, begin: fn(), lull: &Arc<Lull>) -> io::Result<Worker> {
    let [sleeps, wakes] = [Arc::clone(lull), Arc::clone(lull)];
    let mut builder = Builder::new_current_thread();
    builder.on_thread_park(move || sleeps.begins()).on_thread_unpark(move || wakes.ends());
    Worker::start(format!("nhip-shard-{number}"), builder, move || {
        begin();
        shard::enter(number);
    })
}

/// A socket is known to the runtime that accepted it; this makes it known to the one of this thread.
fn moved(stream: TcpStream) -> io::Result<TcpStream> {
    TcpStream::from_std(stream.into_std()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::time::Duration;

    #[tokio::test]
    async fn each_thread_begins_as_it_is_told() {
        thread_local! {
            static BEGUN: Cell<bool> = const { Cell::new(false) };
        }
        let shards = Shards::start(2, || BEGUN.set(true)).unwrap();
        for thread in shards.shards.iter().chain(&shards.sidings) {
            assert!(thread.entrance().runtime().spawn(async { BEGUN.get() }).await.unwrap());
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
        shard.entrance().runtime().spawn(async move {
            begins.send(()).unwrap();
            let _ = ended.recv();
        });
        begun.recv().unwrap();
        assert!(!lull.wait(Duration::from_millis(5)));
        drop(end);
        assert!(lull.wait(Duration::from_secs(60)));
    }
}
