//! Making an exchange of our own: through the spine, like any other.

use futures_util::FutureExt;
use nhip_exchange::{Arrival, Fault, Kind, Reply, Spine, run};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

/// Run it. A panic, which the spine has put on record, is a fault like others here: it must not end the task that goes
/// on to say what became of the exchange.
pub(crate) async fn exchange(spine: &Arc<Spine>, arrival: Arrival) -> Result<Reply, Fault> {
    match AssertUnwindSafe(run(spine, arrival)).catch_unwind().await {
        Ok(outcome) => outcome.result,
        Err(_) => Err(Fault::new(Kind::GatewayInternal, "the gateway met a defect of its own")
            .inside("a panic ended the exchange; the log has where")),
    }
}
