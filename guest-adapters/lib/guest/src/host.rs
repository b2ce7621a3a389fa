//! The host's interfaces behind one trait.

use crate::bindings::wasi::clocks::wall_clock;
use crate::bindings::wasi::config::store;
use crate::bindings::wasi::logging::logging;
use crate::endpoints::{self, Failure, Request, Response};
use crate::exchange::{self, Context};

/// What an adapter takes from the host.
pub trait Host {
    /// Send a request to a granted endpoint.
    ///
    /// # Errors
    /// Why there is no answer.
    fn send(&self, endpoint: &str, request: &Request) -> Result<Response, Failure>;

    /// The exchange in hand.
    fn exchange(&self) -> Context;

    /// A setting that the operator gave, or none. A store that cannot be read is an error.
    ///
    /// # Errors
    /// The store cannot be read.
    fn setting(&self, key: &str) -> Result<Option<String>, Unreadable>;

    /// Write a line to the log. It must not hold personal data.
    fn log(&self, level: logging::Level, message: &str);
}

/// The clock of the wall, apart from [`Host`]: an adapter that does not tell the time does not import it.
pub trait Clock {
    /// The milliseconds since 1970-01-01T00:00:00Z.
    fn now_millis(&self) -> u64;
}

/// The settings cannot be read.
#[derive(Debug)]
pub struct Unreadable;

/// The host of a component.
#[derive(Debug, Clone, Copy)]
pub struct Wasi {
    /// The name of the adapter, as the context of its log lines.
    pub adapter: &'static str,
}

impl Host for Wasi {
    fn send(&self, endpoint: &str, request: &Request) -> Result<Response, Failure> {
        endpoints::send(endpoint, request)
    }

    fn exchange(&self) -> Context {
        exchange::current()
    }

    fn setting(&self, key: &str) -> Result<Option<String>, Unreadable> {
        store::get(key).map_err(|_| Unreadable)
    }

    fn log(&self, level: logging::Level, message: &str) {
        logging::log(level, self.adapter, message);
    }
}

impl Clock for Wasi {
    fn now_millis(&self) -> u64 {
        let now = wall_clock::now();
        now.seconds.saturating_mul(1_000).saturating_add(u64::from(now.nanoseconds / 1_000_000))
    }
}
