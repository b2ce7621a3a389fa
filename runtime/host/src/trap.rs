//! What a failed call means: one of our limits, or the adapter's own defect. The caller learns the kind; the log gets
//! the backtrace with function names.

use crate::state::State;
use crate::text::tame_lines;
use nhip_contract::Misfit;
use nhip_exchange::{Fault, Kind};
use wasmtime::{Store, Trap};

/// The most bytes of a backtrace in the log.
const BACKTRACE: usize = 8 << 10;

/// The guest used up its processor time; raised from the engine's epoch callback.
#[derive(Debug, thiserror::Error)]
#[error("processor time used up")]
pub(crate) struct CpuSpent;

/// The engine's words for too much data carried out of the guest at once; it has no type for them. A test sees to it
/// that a new engine still says so.
const CARRIED_TOO_MUCH: &str = "fuel allocated for hostcalls has been exhausted";

/// What a caller hears of an answer that its policy does not let out.
pub(crate) const ANSWER_TOO_LARGE: &str = "the adapter's answer is larger than its policy grants";

/// The fault for an error of instantiating or calling.
pub(crate) fn explain(error: &wasmtime::Error, store: &Store<State>) -> Fault {
    let inside = tame_lines(&format!("{error:?}"), BACKTRACE);
    let fault = if error.downcast_ref::<CpuSpent>().is_some() {
        Fault::new(Kind::CpuExceeded, "the adapter used more processor time than its policy grants")
    } else if error.chain().any(|cause| cause.to_string().contains(CARRIED_TOO_MUCH)) {
        Fault::new(Kind::AnswerTooLarge, "the adapter passed on more data at once than its policy grants")
    } else if let Some(Misfit::TooLarge { .. }) = error.downcast_ref() {
        Fault::new(Kind::AnswerTooLarge, ANSWER_TOO_LARGE)
    } else if store.data().memory.refused {
        Fault::new(Kind::MemoryExceeded, "the adapter asked for more memory than its policy grants")
    } else if error.downcast_ref::<Trap>() == Some(&Trap::StackOverflow) {
        Fault::new(Kind::AdapterTrapped, "the adapter recursed too deeply")
    } else {
        Fault::new(Kind::AdapterTrapped, "the adapter failed; the operator's log has the details")
    };
    fault.inside(inside)
}
