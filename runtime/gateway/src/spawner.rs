//! Work that is given to another runtime than the one that asks for it.

use hyper::rt::Executor;
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};

/// Spawns on one runtime, from whatever thread.
#[derive(Clone, Debug)]
pub(crate) struct Spawner(Handle);

impl Spawner {
    pub(crate) fn on(runtime: Handle) -> Self {
        Self(runtime)
    }

    /// On the runtime of this task.
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

impl<F> Executor<F> for Spawner
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

    #[tokio::test]
    async fn what_panics_there_panics_here() {
        let there = Spawner::current();
        assert_eq!(there.run(async { 7 }).await, 7);
        let outer = tokio::spawn(async move { there.run(async { panic!("no") }).await });
        let panic: Result<(), _> = outer.await;
        assert!(panic.unwrap_err().is_panic());
    }
}
