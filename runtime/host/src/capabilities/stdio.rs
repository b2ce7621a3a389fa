//! `wasi:cli`: what a language's runtime links whether the vendor wants it or not. It reaches nothing: no arguments, no
//! environment, an empty input; what is printed goes to the log, within the exchange's allowance.

use super::logging::{Level, LogSink};
use super::{Capability, Grant};
use bytes::Bytes;
use nhip_exchange::ExchangeId;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::cli;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &[
        "wasi:cli/environment",
        "wasi:cli/exit",
        "wasi:cli/stdin",
        "wasi:cli/stdout",
        "wasi:cli/stderr",
        "wasi:cli/terminal-input",
        "wasi:cli/terminal-output",
        "wasi:cli/terminal-stdin",
        "wasi:cli/terminal-stdout",
        "wasi:cli/terminal-stderr",
    ],
    grant: |_| Grant::Granted("empty: no arguments, no environment, output goes to the log".to_owned()),
    link: |linker| {
        cli::exit::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::environment::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::stdin::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::stdout::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::stderr::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::terminal_input::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::terminal_output::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)?;
        cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, WasiCliView::cli)
    },
};

/// The longest line kept; a longer one is cut into several.
const LINE: usize = 4 << 10;

/// The guest's standard output or error.
#[derive(Clone)]
pub(crate) struct Printed {
    sink: Arc<LogSink>,
    name: &'static str,
}

impl Printed {
    pub(crate) fn new(sink: Arc<LogSink>, name: &'static str) -> Self {
        Self { sink, name }
    }

    fn lines(&self) -> Lines {
        Lines { printed: self.clone(), exchange: self.sink.exchange(), pending: Vec::new() }
    }
}

impl IsTerminal for Printed {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printed {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.lines())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.lines())
    }
}

/// Cuts what is printed into lines. What is left without an end of line is logged when the stream goes.
struct Lines {
    printed: Printed,
    /// The exchange that printed what is pending.
    exchange: ExchangeId,
    pending: Vec<u8>,
}

impl Lines {
    fn take(&mut self, mut bytes: &[u8]) {
        // A sandbox that serves again keeps its streams: what one exchange left without an end is not the next one's.
        let exchange = self.printed.sink.exchange();
        if exchange != self.exchange {
            self.finish();
            self.exchange = exchange;
        }
        while let Some(&first) = bytes.first() {
            let rest = bytes.get(1..).unwrap_or_default();
            // Byte by byte only until the line is full: printing is bounded by the log's allowance anyway.
            if first == b'\n' {
                self.log();
            } else {
                self.pending.push(first);
                if self.pending.len() >= LINE {
                    self.log();
                }
            }
            bytes = rest;
        }
    }

    fn finish(&mut self) {
        if !self.pending.is_empty() {
            self.log();
        }
    }

    fn log(&mut self) {
        let line = std::mem::take(&mut self.pending);
        self.printed.sink.log_of(self.exchange, Level::Info, self.printed.name, &String::from_utf8_lossy(&line));
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        self.finish();
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}

#[async_trait::async_trait]
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Lines {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.take(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
