//! The call itself: the adapter, with the wall-clock deadline outside its sandbox.

use crate::admit::Permit;
use crate::fault::{Fault, Kind};
use crate::port::Call;
use crate::route::Live;
use crate::until::until;
use bytes::Bytes;
use futures_util::FutureExt;

/// Call the adapter; when the deadline passes first, its sandbox is torn down.
///
/// The call goes to the adapter at once, and not into a future of its own: it would be there twice more.
pub(crate) fn call(live: &Live, permit: Permit, call: Call) -> impl Future<Output = Result<Bytes, Fault>> {
    until(call.deadline, live.handle.call(permit, call)).map(|outcome| outcome.unwrap_or_else(|| Err(overdue(live))))
}

fn overdue(live: &Live) -> Fault {
    let limit = live.policy.limits.deadline;
    Fault::new(Kind::DeadlineExceeded, "the exchange did not end in the time that its policy grants").inside(format!(
        "its policy grants {limit:?}; where another exchange waits for it, it has no more time than that one"
    ))
}
