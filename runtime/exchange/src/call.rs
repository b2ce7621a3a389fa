//! The call itself: the adapter, with the wall-clock deadline outside its sandbox.

use crate::admit::Permit;
use crate::fault::{Fault, Kind};
use crate::port::Call;
use crate::route::Live;
use crate::until::until;
use bytes::Bytes;

/// Call the adapter; when the deadline passes first, its sandbox is torn down.
pub(crate) async fn call(live: &Live, permit: Permit, call: Call) -> Result<Bytes, Fault> {
    let deadline = call.deadline;
    until(deadline, live.handle.call(permit, call)).await.unwrap_or_else(|| {
        let limit = live.policy.limits.deadline;
        Err(Fault::new(Kind::DeadlineExceeded, "the exchange did not end in the time that its policy grants").inside(
            format!(
                "its policy grants {limit:?}; where another exchange waits for it, it has no more time than that one"
            ),
        ))
    })
}
