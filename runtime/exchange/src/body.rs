//! Reading the request's body: after admission, within the policy's size and time.

use crate::arrival::BodySource;
use crate::fault::{Fault, Kind};
use crate::until::until;
use bytes::Bytes;
use tokio::time::Instant;

/// Read it, by the deadline at the latest.
pub(crate) async fn read(source: Box<dyn BodySource>, limit: u64, deadline: Instant) -> Result<Bytes, Fault> {
    until(deadline, source.read(limit))
        .await
        .unwrap_or_else(|| Err(Fault::new(Kind::TooSlow, "the request's body did not arrive in time")))
}

/// Refuse what is larger than the limit.
pub(crate) fn within(size: u64, limit: u64) -> Result<(), Fault> {
    if size > limit {
        return Err(too_large(limit));
    }
    Ok(())
}

/// The fault for a body over the limit.
#[must_use]
pub fn too_large(limit: u64) -> Fault {
    Fault::new(Kind::TooLarge, format!("the request's body is larger than the {limit} bytes that this service takes"))
}
