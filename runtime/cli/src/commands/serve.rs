//! `nhip serve`: the gateway, until somebody ends it.

use crate::args::ServeArgs;
use crate::env;
use crate::failure::Failure;
use crate::gateway::{Assembly, Options, Running, Stopped, TlsFiles};
use crate::logging;
use crate::output::table::facts;
use crate::output::time::show_span;
use crate::output::{Output, complain};
use crate::signals::Signals;
use crate::token;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Serve until a signal, or `nhip stop`.
///
/// # Errors
/// The gateway cannot start, or did not end as it should.
pub(super) async fn run(args: ServeArgs, out: Output) -> anyhow::Result<ExitCode> {
    logging::start(&args.log, env::filled("NO_COLOR").is_some())?;
    let mut signals =
        Signals::listen().map_err(|error| Failure::new("signals cannot be listened for").because(error))?;
    let grace = args.grace;

    let running = tokio::select! {
        running = Assembly::start(options(args)) => running?,
        told = signals.next() => return Ok(told.exit_code()),
    };
    announce(&running, out)?;

    let stop = running.stopper();
    let mut end = std::pin::pin!(running.wait());
    let stopped = tokio::select! {
        stopped = &mut end => stopped?,
        told = signals.next() => {
            tracing::info!(signal = told.name(), "stopping; a second signal ends at once");
            stop.stop();
            tokio::select! {
                stopped = &mut end => stopped?,
                told = signals.next() => {
                    complain("error: ended at once; exchanges under way were cut\n");
                    return Ok(told.exit_code());
                }
            }
        }
    };
    farewell(stopped, grace)
}

fn options(args: ServeArgs) -> Options {
    let mut options = Options::new(args.data);
    options.listen = args.listen;
    options.admin = args.admin;
    options.admin_remote = args.admin_remote;
    options.admin_hosts = args.admin_host;
    options.tls = args.tls_cert.zip(args.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    options.pool.instances = args.pool;
    options.grace = args.grace;
    options
}

/// Say where it listens: programs read the lines as they come.
fn announce(running: &Running, out: Output) -> anyhow::Result<()> {
    out.json(&json!({ "listening": "data", "address": running.data_addr() }))?;
    out.json(&json!({ "listening": "admin", "address": running.admin_addr() }))?;
    out.json(&json!({ "ready": true }))?;
    let lines = facts(&[
        ("data", running.data_url()),
        ("admin", running.admin_url()),
        ("state", running.data().display().to_string()),
        ("token", token::file_of(running.data()).display().to_string()),
    ]);
    out.text(&format!("Nhịp {} is ready\n{lines}", env!("CARGO_PKG_VERSION")))?;
    for adapter in &running.restored().broken {
        out.note(&format!("warning: {adapter} should serve and does not; `nhip adapters {adapter}` says why"));
    }
    Ok(())
}

fn farewell(stopped: Stopped, grace: Duration) -> anyhow::Result<ExitCode> {
    if stopped.cut == 0 {
        return Ok(ExitCode::SUCCESS);
    }
    let cut = stopped.cut;
    Err(Failure::new(format!("{cut} connections were cut: their exchanges did not end within {}", show_span(grace)))
        .hint("grant exchanges a shorter `deadline` in the policies, or wait longer with `--grace TIME`")
        .into())
}
