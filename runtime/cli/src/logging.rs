//! The log of the running gateway: standard error, as text for people or JSON for collectors.

mod lossy;

use crate::args::LogArgs;
use crate::failure::Failure;
use lossy::Lossy;
use std::io::IsTerminal;
use std::sync::Mutex;
use tracing_subscriber::EnvFilter;

/// How a log line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object on a line.
    Json,
}

/// Start logging. `no_colour` is whether the environment asks for none (<https://no-color.org>).
///
/// # Errors
/// The filter cannot be read, or something logs already.
pub fn start(args: &LogArgs, no_colour: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::builder().parse(&args.log).map_err(|error| {
        Failure::new(format!("the log filter `{}` cannot be read", args.log))
            .because(error)
            .hint("write a level (`info`, `debug`) or levels of parts: `info,nhip_host=debug`")
    })?;
    let writer = Mutex::new(Lossy::new(std::io::stderr(), args.log_format));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let started = match args.log_format {
        LogFormat::Text => log.with_ansi(!no_colour && std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::new("the log cannot be started").because(error).into())
}
