//! `[limits]`: what one exchange, and one adapter, may use up.
//!
//! Every limit has a safe default and a most that no policy can pass, so that one adapter cannot be granted the whole machine by a slip
//! of the pen. Invariant: every value lies within its bounds and the time in the guest is not longer than the whole exchange.

use std::time::Duration;

use crate::mistakes::Invalid;
use crate::reader::{Bounds, Table};
use crate::units::show_duration;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// What one exchange may use; the numbers are the effective ones, defaults included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes over all memories and tables of the instance. 64 MiB by default, at most 1 GiB.
    pub memory: u64,
    /// Time spent in the guest, waiting not counted. 200 ms by default, or the deadline where that is shorter.
    pub cpu: Duration,
    /// Wall clock of the whole exchange. 10 s by default, at most 10 min.
    pub deadline: Duration,
    /// Exchanges of the adapter at one time. 64 by default, at most 1024.
    pub concurrency: u32,
    /// Bytes of the caller's body. 1 MiB by default, at most 64 MiB.
    pub request: u64,
    /// Bytes of the answer to the caller. 4 MiB by default, at most 64 MiB.
    pub response: u64,
    /// Bytes of one body the adapter sends to an endpoint. 16 MiB by default, at most 256 MiB.
    pub upstream_request: u64,
    /// Bytes of one body an endpoint answers. 16 MiB by default, at most 256 MiB.
    pub upstream_response: u64,
    /// Calls to endpoints in one exchange. 64 by default, at most 10 000.
    pub upstream_calls: u32,
    /// Bytes of log in one exchange. 64 KiB by default, at most 16 MiB. Each entry costs its text and [`Limits::LOG_ENTRY`].
    pub log: u64,
}

impl Limits {
    /// What a log entry costs besides its text, in bytes: without it, empty entries would be free and endless.
    pub const LOG_ENTRY: u64 = 64;

    const MEMORY: Bounds<u64> = Bounds { default: 64 * MIB, least: 64 * KIB, most: GIB };
    const DEADLINE: Bounds<Duration> =
        Bounds { default: Duration::from_secs(10), least: Duration::from_millis(1), most: Duration::from_secs(600) };
    const CPU: Duration = Duration::from_millis(200);
    const CONCURRENCY: Bounds<u32> = Bounds { default: 64, least: 1, most: Self::MOST_CONCURRENCY };
    const REQUEST: Bounds<u64> = Bounds { default: MIB, least: KIB, most: 64 * MIB };
    const RESPONSE: Bounds<u64> = Bounds { default: 4 * MIB, least: KIB, most: 64 * MIB };
    const UPSTREAM: Bounds<u64> = Bounds { default: 16 * MIB, least: KIB, most: 256 * MIB };
    const UPSTREAM_CALLS: Bounds<u32> = Bounds { default: 64, least: 1, most: 10_000 };
    const LOG: Bounds<u64> = Bounds { default: 64 * KIB, least: 0, most: 16 * MIB };
    /// The most things of one kind that any policy may let happen at one time.
    pub(crate) const MOST_CONCURRENCY: u32 = 1024;

    /// The bounds of memory and of time in the guest, for the vendor's suggestions.
    pub(crate) fn suggestible() -> (Bounds<u64>, Bounds<Duration>) {
        let cpu = Bounds { default: Self::CPU, ..Self::DEADLINE };
        (Self::MEMORY, cpu)
    }

    /// The limits of a policy that says nothing but its deadline.
    pub(crate) fn defaults(deadline: Duration) -> Self {
        Self {
            memory: Self::MEMORY.default,
            cpu: Self::CPU.min(deadline),
            deadline,
            concurrency: Self::CONCURRENCY.default,
            request: Self::REQUEST.default,
            response: Self::RESPONSE.default,
            upstream_request: Self::UPSTREAM.default,
            upstream_response: Self::UPSTREAM.default,
            upstream_calls: Self::UPSTREAM_CALLS.default,
            log: Self::LOG.default,
        }
    }

    pub(crate) fn read(root: &Table<'_>) -> Self {
        let Some(table) = root.table("limits") else {
            return Self::default();
        };
        let deadline = table.duration("deadline", &Self::DEADLINE);
        let (_, cpu_bounds) = Self::suggestible();
        let cpu = table.duration("cpu", &Bounds { default: Self::CPU.min(deadline), ..cpu_bounds });
        if let Some(node) = table.get("cpu").filter(|_| cpu > deadline) {
            node.wrong(Invalid::new(
                format!("`{}` of time in the guest is longer than the whole exchange", show_duration(cpu)),
                format!("at most the deadline, `{}`", show_duration(deadline)),
            ));
        }
        let limits = Self {
            memory: table.size("memory", &Self::MEMORY),
            cpu,
            deadline,
            concurrency: table.count("concurrency", &Self::CONCURRENCY),
            request: table.size("request", &Self::REQUEST),
            response: table.size("response", &Self::RESPONSE),
            upstream_request: table.size("upstream-request", &Self::UPSTREAM),
            upstream_response: table.size("upstream-response", &Self::UPSTREAM),
            upstream_calls: table.count("upstream-calls", &Self::UPSTREAM_CALLS),
            log: table.size("log", &Self::LOG),
        };
        table.finish();
        limits
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::defaults(Self::DEADLINE.default)
    }
}
