//! The records of the gateways that share a database: which there are, and fetching one whole.
//!
//! Invariant: what is fetched is verified before it is called sound, and nothing is written over.

use super::verify;
use crate::args::{FetchArgs, GatewaysArgs};
use crate::client::AdminClient;
use crate::failure::Failure;
use crate::files::Unfinished;
use crate::output::Output;
use crate::output::table::Table;
use crate::output::time::{size, utc};
use crate::progress;
use nhip_registry::record::{Archived, Reach};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// List whose records are in the database.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn gateways(args: &GatewaysArgs, out: Output) -> anyhow::Result<()> {
    let list = AdminClient::new(&args.reach)?.audit_gateways().await?;
    out.json(&list)?;
    if list.gateways.is_empty() {
        out.note("this gateway shares no database: its record is in its data folder alone");
        return Ok(());
    }
    let mut table = Table::new(&["GATEWAY", "SEGMENTS", "ENTRIES", "SEALED", "KEY"]);
    for Archived { gateway, key, segment, entry, sealed_ms } in list.gateways {
        let sealed = if sealed_ms > 0 { utc(sealed_ms) } else { String::new() };
        table.row([gateway, segment.to_string(), entry.to_string(), sealed, key.to_string()]);
    }
    out.text(&table.render())?;
    out.note("what a gateway has not sealed yet is in its own folder alone");
    Ok(())
}

/// Fetch the sealed segments of a gateway's record into a folder, and verify them.
///
/// # Errors
/// The folder is in use, the gateway cannot be reached or refuses, a file cannot be written, the record is not sound.
pub(super) async fn fetch(args: &FetchArgs, out: Output) -> anyhow::Result<ExitCode> {
    let folder = &args.out;
    free(folder)?;
    let admin = AdminClient::new(&args.reach)?;
    let list = admin.audit_gateways().await?.gateways;
    let Some(archived) = list.iter().find(|archived| archived.gateway == args.gateway) else {
        let known: Vec<String> = list.iter().map(|archived| format!("`{}`", archived.gateway)).collect();
        let hint = match known.as_slice() {
            [] => "the gateway that was asked shares no database".to_owned(),
            _ => format!("it has those of {}", known.join(", ")),
        };
        return Err(Failure::new(format!("the database has no record of a gateway `{}`", args.gateway))
            .hint(hint)
            .into());
    };
    // The database says which key the record has; what was kept since the first start proves it.
    let key = match &args.key_file {
        Some(file) => verify::key_in(file)?,
        None => archived.key,
    };
    let unwritable = |error| Failure::new(format!("`{}` cannot be written", folder.display())).because(error);
    std::fs::create_dir_all(folder).map_err(unwritable)?;
    let (bar, mut bytes) = (progress::counter(out, "fetch"), 0);
    for segment in 1..=archived.segment {
        let lines = admin.archived_segment(&args.gateway, segment).await?;
        let mut file = Unfinished::create(&folder.join(format!("{segment:010}.seg")))?;
        file.write_all(&lines).map_err(|error| file.unwritable(error))?;
        file.finish()?;
        bytes += lines.len() as u64;
        bar.set_position(bytes);
    }
    bar.finish_and_clear();
    if archived.segment == 0 {
        return Err(Failure::new(format!("`{}` has not sealed a segment yet", args.gateway)).into());
    }
    let report = verify::look(folder, &key, None, out)?;
    out.json(&json!({ "fetched": folder, "bytes": bytes, "key": key, "report": report }))?;
    out.text(&format!("`{}`: {}", folder.display(), size(bytes)))?;
    verify::tell(&report, None, out)?;
    if args.key_file.is_none() {
        out.note("hint: verified with the key that the database names; `--key-file` takes the one that you kept");
    }
    Ok(ExitCode::SUCCESS)
}

/// That no segment is in the folder. The signing key of a record that is brought back may be.
fn free(folder: &Path) -> anyhow::Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let taken = entries.flatten().find(|entry| entry.path().extension().is_some_and(|extension| extension == "seg"));
    match taken {
        None => Ok(()),
        Some(_) => Err(Failure::new(format!("there are segments in `{}` already", folder.display()))
            .hint("name another folder; nothing is written over")
            .into()),
    }
}

/// Say how far a search went beyond the gateway's own record.
pub(in crate::commands) fn tell(reach: &Reach, out: Output) {
    for Archived { gateway, sealed_ms, .. } in &reach.others {
        match sealed_ms {
            0 => out.note(&format!("`{gateway}` has not sealed anything yet: ask it itself")),
            _ => {
                out.note(&format!("of `{gateway}`, what it had sealed by {}: the rest it has itself", utc(*sealed_ms)))
            }
        }
    }
    if let Some(why) = &reach.unreached {
        out.note(&format!("warning: the records of other gateways were not searched: {why}"));
    }
}
