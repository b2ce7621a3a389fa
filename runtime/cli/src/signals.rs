//! The signals that end the process. Invariant: once [`Signals`] exists, a signal ends nothing by itself.

use std::process::ExitCode;

/// Being told to end.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listen for SIGTERM and SIGINT.
    pub(crate) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Told {
        let closed = std::future::pending::<Told>;
        tokio::select! {
            received = self.terminate.recv() => if received.is_some() { Told::Terminate } else { closed().await },
            received = self.interrupt.recv() => if received.is_some() { Told::Interrupt } else { closed().await },
        }
    }
}

/// Being told to end, where there are no signals.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listen for Ctrl-C.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Told {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Told::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}

/// Which signal it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no SIGTERM here"))]
    Terminate,
    Interrupt,
}

impl Told {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }

    /// How a process ends that was killed by it, by the custom of shells: 128 and its number.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Terminate => 143,
            Self::Interrupt => 130,
        })
    }
}
