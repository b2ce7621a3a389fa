//! `nhip serve`: the gateway, until somebody ends it.

use crate::args::{DatabaseSource, ServeArgs};
use crate::env;
use crate::failure::Failure;
use crate::files;
use crate::gateway::{Assembly, Options, Running, Stopped, TlsFiles};
use crate::logging;
use crate::output::table::facts;
use crate::output::time::show_span;
use crate::output::{Output, complain};
use crate::signals::Signals;
use crate::token;
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use zeroize::Zeroizing;

/// Serve until a signal, or `nhip stop`.
///
/// # Errors
/// The gateway cannot start, or did not end as it should.
pub(super) async fn run(args: ServeArgs, out: Output) -> anyhow::Result<ExitCode> {
    logging::start(&args.log, env::filled("NO_COLOR").is_some())?;
    let mut signals =
        Signals::listen().map_err(|error| Failure::new("signals cannot be listened for").because(error))?;
    let grace = args.grace;
    let options = options(args)?;

    let running = tokio::select! {
        running = Assembly::start(options) => running?,
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

fn options(args: ServeArgs) -> anyhow::Result<Options> {
    let mut options = Options::new(args.data);
    options.listen = args.listen;
    options.admin = args.admin;
    options.admin_remote = args.admin_remote;
    options.admin_hosts = args.admin_host;
    options.tls = args.tls_cert.zip(args.tls_key).map(|(certificate, key)| TlsFiles { certificate, key });
    options.pool.instances = args.pool;
    options.grace = args.grace;
    options.database = args.database.as_ref().map(database).transpose()?;
    options.gateway = args.gateway;
    options.segment_age = args.segment_age;
    options.record_retention = args.record_retention;
    Ok(options)
}

/// The URL of the database, from where it is kept. No message repeats it.
fn database(source: &DatabaseSource) -> anyhow::Result<Zeroizing<String>> {
    let text = source.expose();
    if let Some(name) = text.strip_prefix("env:") {
        let missing = || Failure::new(format!("`--database` names the variable `{name}`, and it is not set"));
        return Ok(env::filled(name).map(Zeroizing::new).ok_or_else(missing)?);
    }
    let Some(file) = text.strip_prefix("file:") else { return Ok(Zeroizing::new(text.to_owned())) };
    let whole = Zeroizing::new(files::text(Path::new(file))?);
    match whole.trim() {
        "" => Err(Failure::new(format!("`{file}` is empty")).hint("write the URL of the database into it").into()),
        url => Ok(Zeroizing::new(url.to_owned())),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_found_where_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("database");
        let of_file = || database(&DatabaseSource::from(format!("file:{}", file.display()).as_str()));
        assert!(of_file().unwrap_err().to_string().contains("cannot be read"));
        std::fs::write(&file, "\n").unwrap();
        assert!(of_file().unwrap_err().to_string().contains("is empty"));
        std::fs::write(&file, "postgres://nhip:hush@db.example/nhip\n").unwrap();
        assert_eq!(*of_file().unwrap(), "postgres://nhip:hush@db.example/nhip");
        assert_eq!(*database(&"postgres:///nhip".into()).unwrap(), "postgres:///nhip");
        let unset = database(&"env:NHIP_NO_SUCH_VARIABLE".into()).unwrap_err();
        assert!(unset.to_string().contains("`NHIP_NO_SUCH_VARIABLE`, and it is not set"));
        assert!(!database(&"env:CARGO_MANIFEST_DIR".into()).unwrap().is_empty(), "cargo sets it for tests");
    }
}
