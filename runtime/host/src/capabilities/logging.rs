//! `wasi:logging`: log lines, marked with adapter, version and exchange, within the exchange's allowance (`[limits] log`).
//!
//! What is over the allowance is dropped and said to be, once. A guest's text is made safe for a terminal and cannot
//! forge a line.

use super::{Capability, Grant};
use crate::bindings::wasi::logging::logging;
use crate::state::{Shared, State};
use crate::text::tame;
use nhip_exchange::ExchangeId;
use nhip_policies::{Limits, LogLevel};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::component::HasSelf;

pub(crate) use logging::Level;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["wasi:logging/logging"],
    grant: |policy| Grant::Granted(format!("granted: {} bytes an exchange", policy.limits.log)),
    link: |linker| logging::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
};

/// The longest message kept, in bytes.
const MESSAGE: usize = 4 << 10;
/// The longest context kept, in bytes.
const CONTEXT: usize = 64;

/// Where the log lines of one exchange go.
pub(crate) struct LogSink {
    shared: Arc<Shared>,
    /// The exchange it logs for now.
    exchange: Mutex<ExchangeId>,
    left: AtomicU64,
    cut: AtomicBool,
}

impl LogSink {
    pub(crate) fn new(shared: Arc<Shared>, exchange: ExchangeId) -> Arc<Self> {
        let left = AtomicU64::new(shared.policy.limits.log);
        Arc::new(Self { shared, exchange: Mutex::new(exchange), left, cut: AtomicBool::new(false) })
    }

    /// Log for another exchange from here on, with an allowance of its own.
    pub(crate) fn serve(&self, exchange: ExchangeId, allowance: u64) {
        *self.exchange.lock().unwrap_or_else(PoisonError::into_inner) = exchange;
        self.left.store(allowance, Ordering::Relaxed);
        self.cut.store(false, Ordering::Relaxed);
    }

    /// The exchange it logs for now.
    pub(crate) fn exchange(&self) -> ExchangeId {
        *self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Log one line, if the allowance still covers it.
    pub(crate) fn log(&self, level: Level, context: &str, message: &str) {
        self.log_of(self.exchange(), level, context, message);
    }

    /// Log a line of that exchange.
    pub(crate) fn log_of(&self, exchange: ExchangeId, level: Level, context: &str, message: &str) {
        if named(level) < self.shared.policy.logging.level {
            return;
        }
        let Shared { adapter, version, .. } = &*self.shared;
        let cost = Limits::LOG_ENTRY + (message.len().min(MESSAGE) + context.len().min(CONTEXT)) as u64;
        let paid = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        if paid.is_err() {
            if !self.cut.swap(true, Ordering::Relaxed) {
                tracing::warn!(target: "nhip::adapter", %adapter, %version, %exchange, "the adapter's log allowance is used up; its further lines are dropped");
            }
            return;
        }
        let (context, message) = (tame(context, CONTEXT), tame(message, MESSAGE));
        macro_rules! emit {
            ($level:ident) => {
                tracing::event!(target: "nhip::adapter", tracing::Level::$level, %adapter, %version, %exchange, context, "{message}")
            };
        }
        match level {
            Level::Trace => emit!(TRACE),
            Level::Debug => emit!(DEBUG),
            Level::Info => emit!(INFO),
            Level::Warn => emit!(WARN),
            Level::Error | Level::Critical => emit!(ERROR),
        }
    }
}

fn named(level: Level) -> LogLevel {
    match level {
        Level::Trace => LogLevel::Trace,
        Level::Debug => LogLevel::Debug,
        Level::Info => LogLevel::Info,
        Level::Warn => LogLevel::Warn,
        Level::Error => LogLevel::Error,
        Level::Critical => LogLevel::Critical,
    }
}

impl logging::Host for State {
    fn log(&mut self, level: Level, context: String, message: String) -> wasmtime::Result<()> {
        self.log().log(level, &context, &message);
        Ok(())
    }
}
