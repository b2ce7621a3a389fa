//! `[endpoints.NAME.timeouts]`: how long the host waits for an endpoint. Invariant: connecting is part of the call, and the call is part
//! of the exchange, so neither may last longer than what it is part of.

use std::time::Duration;

use crate::limits::Limits;
use crate::mistakes::Invalid;
use crate::reader::{Bounds, Table};
use crate::units::show_duration;

/// How long the host waits for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, TLS included. 5 s by default, or the total where that is shorter.
    pub connect: Duration,
    /// For one call, from its start to the last byte of the answer. 10 s by default, or the deadline of the exchange where that is shorter.
    pub total: Duration,
}

impl Timeouts {
    const TOTAL: Duration = Duration::from_secs(10);
    const CONNECT: Duration = Duration::from_secs(5);

    /// The timeouts of an endpoint of which nothing is said, or only the total.
    pub(crate) fn defaults(limits: &Limits, total: Option<Duration>) -> Self {
        let total = total.unwrap_or(Self::TOTAL.min(limits.deadline));
        Self { connect: Self::CONNECT.min(total), total }
    }

    pub(crate) fn read(endpoint: &Table<'_>, limits: &Limits) -> Self {
        let Some(table) = endpoint.table("timeouts") else {
            return Self::defaults(limits, None);
        };
        let read = |key, default, most: Duration, what: &str| {
            let bounds = Bounds { default, least: Duration::from_millis(1), most: Duration::from_secs(600) };
            let value = table.duration(key, &bounds);
            if let Some(node) = table.get(key).filter(|_| value > most) {
                let message = format!("`{}` is longer than {what}", show_duration(value));
                node.wrong(Invalid::new(message, format!("at most `{}`", show_duration(most))));
            }
            value
        };
        let total = read("total", Self::defaults(limits, None).total, limits.deadline, "the whole exchange may last");
        let connect = read("connect", Self::defaults(limits, Some(total)).connect, total, "the whole call may last");
        table.finish();
        Self { connect, total }
    }
}
