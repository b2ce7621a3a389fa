//! The trail of one exchange: what the host did for it outside the sandbox, for the record.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// One request to an upstream system. Its texts are short, like those of the [`Record`](crate::record::Record) that it becomes a part of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UpstreamCall {
    /// The endpoint's name, as the policy knows it.
    pub endpoint: CompactString,
    /// The HTTP method.
    pub method: CompactString,
    /// The HTTP status, if an answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why no answer came: a `failure-code` of `nhip:adapter/endpoints`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<CompactString>,
    /// Bytes of the request's body.
    pub sent: u64,
    /// Bytes of the answer's body.
    pub received: u64,
    /// From the first attempt to connect to the last byte, in microseconds.
    pub micros: u64,
    /// What the upstream system calls the message: the id of X-Road or of the axis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The requests of one exchange to upstream systems. Most exchanges make one at most.
pub type UpstreamCalls = SmallVec<[UpstreamCall; 1]>;

/// Collects what happens during one exchange. Shared by the spine, which reads it at the end, also of a dropped
/// exchange, and the host, which writes it.
///
/// The lock is the exchange's own: nobody else waits for it.
#[derive(Debug, Default)]
pub struct Trail {
    upstream: Mutex<UpstreamCalls>,
    cpu_micros: AtomicU64,
}

impl Trail {
    /// Note a request to an upstream system.
    pub fn upstream(&self, call: UpstreamCall) {
        self.locked().push(call);
    }

    /// Note the processor time spent in the guest so far.
    pub fn cpu_micros(&self, micros: u64) {
        self.cpu_micros.store(micros, Ordering::Relaxed);
    }

    /// What was noted: the upstream calls and the guest's processor time in microseconds.
    pub(crate) fn take(&self) -> (UpstreamCalls, u64) {
        (std::mem::take(&mut *self.locked()), self.cpu_micros.load(Ordering::Relaxed))
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, UpstreamCalls> {
        // A panic while pushing leaves the list readable.
        self.upstream.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
