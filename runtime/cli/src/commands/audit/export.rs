//! `nhip audit export`: a part of the record into a file.
//!
//! Invariant: the file has its name only when it is whole and on the disk; and it was verified with the gateway's key
//! before it is called sound.

use super::verify;
use crate::args::ExportArgs;
use crate::client::AdminClient;
use crate::failure::Failure;
use crate::files::Unfinished;
use crate::http_client::deepest;
use crate::output::Output;
use crate::output::time::size;
use crate::progress;
use nhip_exchange::{Clock, SystemClock};
use nhip_manage::wire::ExportQuery;
use serde_json::json;
use std::io::Write;
use std::process::ExitCode;

/// Export, and verify what came.
///
/// # Errors
/// The gateway cannot be reached, or refuses; the file cannot be written; the record is not sound.
pub(super) async fn run(args: &ExportArgs, out: Output) -> anyhow::Result<ExitCode> {
    let now = SystemClock.unix_millis();
    let query = ExportQuery { from: args.from.map(|from| from.millis(now)), to: args.to.map(|to| to.millis(now)) };
    let admin = AdminClient::new(&args.reach)?;
    let mut file = Unfinished::create(&args.out)?;
    let told = admin.audit_key().await?;
    let mut answer = admin.export(&query).await?;
    let bar = progress::counter(out, "export");
    let mut bytes = 0;
    let broke_off = |error: reqwest::Error| {
        Failure::new("the gateway broke the export off, and nothing of it was kept")
            .because(deepest(&error))
            .hint("the gateway's log says why; a client that takes nothing for a minute is cut off")
    };
    while let Some(piece) = answer.chunk().await.map_err(broke_off)? {
        file.write_all(&piece).map_err(|error| file.unwritable(error))?;
        bytes += piece.len() as u64;
        bar.set_position(bytes);
    }
    let path = file.finish()?;
    bar.finish_and_clear();
    let report = verify::look(&path, &told.key, None, out)?;
    out.json(&json!({ "exported": path, "bytes": bytes, "key": told.key, "report": report }))?;
    out.text(&format!("`{}`: {}", path.display(), size(bytes)))?;
    verify::tell(&report, None, out)?;
    Ok(ExitCode::SUCCESS)
}
