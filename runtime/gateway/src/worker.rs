//! A thread with a runtime of its own, and what it has in hand.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The thread ends when this is dropped, and with it whatever its runtime still has.
#[derive(Debug)]
pub(crate) struct Worker {
    entrance: Entrance,
    _stop: oneshot::Sender<()>,
}

/// Where work comes in. It does not keep the thread alive.
#[derive(Clone, Debug)]
pub(crate) struct Entrance {
    runtime: Handle,
    taken: Arc<AtomicUsize>,
}

impl Worker {
    /// Start it; `begin` is called on its thread first. The builder is of a runtime of one thread.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(crate) fn start(name: String, mut builder: Builder, begin: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let runtime = builder.enable_all().build()?;
        let entrance = Entrance { runtime: runtime.handle().clone(), taken: Arc::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::Builder::new().name(name).spawn(move || {
            begin();
            // Nothing is ever sent: it ends when the sender is dropped.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok(Self { entrance, _stop: stop })
    }

    pub(crate) fn entrance(&self) -> &Entrance {
        &self.entrance
    }
}

impl Entrance {
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// The one with the fewest places taken.
    pub(crate) fn freest<'e>(all: impl IntoIterator<Item = &'e Self>) -> Option<&'e Self> {
        all.into_iter().min_by_key(|entrance| entrance.taken.load(Ordering::Relaxed))
    }

    pub(crate) fn take(&self) -> Place {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(&self.taken))
    }
}

/// A place among what a thread has in hand, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Worker {
        Worker::start("test".to_owned(), Builder::new_current_thread(), || {}).unwrap()
    }

    #[tokio::test]
    async fn the_thread_ends_with_its_worker() {
        let worker = start();
        let runtime = worker.entrance().runtime().clone();
        assert_eq!(runtime.spawn(async { 7 }).await.unwrap(), 7);
        drop(worker);
        // It is dropped as soon as the runtime is.
        let ended = runtime.spawn(std::future::pending::<()>()).await;
        assert!(ended.unwrap_err().is_cancelled());
    }

    #[test]
    fn the_freest_is_the_one_with_the_fewest_places_taken() {
        let workers = [start(), start()];
        let all = || workers.iter().map(Worker::entrance);
        let [first, second] = [0, 1].map(|number| workers[number].entrance().taken.clone());
        let is = |wanted: &Arc<AtomicUsize>| Arc::ptr_eq(&Entrance::freest(all()).unwrap().taken, wanted);
        let place = workers[0].entrance().take();
        assert!(is(&second));
        let both = [workers[1].entrance().take(), workers[1].entrance().take()];
        assert!(is(&first));
        drop((place, both));
        assert!(is(&first), "the first of equals");
        assert_eq!([first, second].map(|taken| taken.load(Ordering::Relaxed)), [0, 0]);
    }
}
