//! What all themes share: one runtime, a gateway in this process, the binary as a process, upstream systems that watch.

mod answer;
mod command;
mod components;
mod folder;
mod gateway;
mod house;
pub(crate) mod log;
mod names;
mod neighbour;
mod process;
mod raw;
mod upstream;

pub(crate) use answer::Answer;
pub(crate) use command::{Said, nhip};
pub(crate) use components::{adapter, adapters, fixture, fixtures, root, with_manifest};
pub(crate) use folder::folder;
pub(crate) use gateway::{Gateway, Refusal};
pub(crate) use house::House;
pub(crate) use names::Names;
pub(crate) use neighbour::unnoticed;
pub(crate) use process::{Manner, Process, terminate};
pub(crate) use raw::Raw;
pub(crate) use upstream::Upstream;

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

/// Nothing takes that long on the slowest machine; what does has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Run a test on the one runtime of this process, on which the shared gateways live.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        log::capture();
        Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime")
    });
    runtime.block_on(test)
}

/// Ask until there is an answer, or fail with what was waited for.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, ask: impl FnMut() -> F) -> T {
    eventually_within(PATIENCE, what, ask).await
}

/// The same for what takes longer by its nature.
pub(crate) async fn eventually_within<T, F: Future<Output = Option<T>>>(
    patience: Duration,
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    let until = Instant::now() + patience;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < until, "waited in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
