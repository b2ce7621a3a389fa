//! How much may wait, and how long is kept what is over.

use std::time::Duration;

/// How long the end of an exchange is kept: its answer for repeats of its idempotency key, and for the caller who asks
/// by its id. Dead letters are not ended: they stay until somebody has them tried again or discards them.
pub const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many exchanges, and bytes of their bodies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Amount {
    /// How many exchanges.
    pub exchanges: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

/// The bounds of the durable exchanges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DurableConfig {
    /// The most that may wait or be tried; above it, nothing is accepted.
    pub waiting: Amount,
    /// The most that may lie as dead letters; above it, nothing is accepted.
    pub dead: Amount,
    /// How long a gateway that is not heard of keeps the exchanges that it tries. Those who work renew it in time.
    pub lease: Duration,
}

impl Default for DurableConfig {
    /// 100,000 exchanges and 1 GiB that wait, as much that lies dead, and a lease of 15 s.
    fn default() -> Self {
        let most = Amount { exchanges: 100_000, bytes: 1 << 30 };
        Self { waiting: most, dead: most, lease: Duration::from_secs(15) }
    }
}

impl DurableConfig {
    /// How often a lease is renewed: twice may fail.
    #[must_use]
    pub fn heartbeat(&self) -> Duration {
        self.lease / 3
    }
}
