//! `[logging]`: what of an adapter's own log is kept. How much of it one exchange may write is a limit, `limits.log`.

use crate::reader::Table;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogGrant {
    /// The least level that is kept.
    pub level: LogLevel,
}

/// The levels of `wasi:logging`, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum LogLevel {
    /// Every step.
    Trace,
    /// What helps to find a mistake.
    Debug,
    /// What happened.
    #[default]
    Info,
    /// What may become a failure.
    Warn,
    /// What failed.
    Error,
    /// What stops the adapter from working at all.
    Critical,
}

impl LogLevel {
    const WORDS: [(&'static str, Self); 6] = [
        ("trace", Self::Trace),
        ("debug", Self::Debug),
        ("info", Self::Info),
        ("warn", Self::Warn),
        ("error", Self::Error),
        ("critical", Self::Critical),
    ];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

impl LogGrant {
    pub(crate) fn read(root: &Table<'_>) -> Self {
        let Some(table) = root.table("logging") else {
            return Self::default();
        };
        let level = table.get("level").and_then(|node| node.choice(&LogLevel::WORDS));
        table.finish();
        Self { level: level.unwrap_or_default() }
    }
}
