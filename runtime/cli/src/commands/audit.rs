//! `nhip audit`: the record, verified, searched, exported and emptied.

mod archive;
mod export;
mod search;
mod verify;

use super::exchanges;
use crate::args::{AuditCommand, CheckpointArgs, KeyArgs, RetainArgs, ShowArgs};
use crate::client::AdminClient;
use crate::files::Unfinished;
use crate::output::Output;
use crate::output::table::facts;
use crate::output::time::utc;
pub(super) use archive::tell;
use nhip_registry::record::{Body, public_key_of};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Do one of the commands.
///
/// # Errors
/// The record is not sound, a file cannot be used, the gateway cannot be reached, or refuses.
pub(super) async fn run(command: AuditCommand, out: Output) -> anyhow::Result<ExitCode> {
    match command {
        AuditCommand::Verify(args) => return verify::run(&args, out),
        AuditCommand::Key(args) => key(&args, out).await?,
        AuditCommand::Checkpoint(args) => checkpoint(&args, out).await?,
        AuditCommand::Export(args) => return export::run(&args, out).await,
        AuditCommand::Search(args) => search::run(args, out).await?,
        AuditCommand::Show(args) => show(&args, out).await?,
        AuditCommand::Gateways(args) => archive::gateways(&args, out).await?,
        AuditCommand::Fetch(args) => return archive::fetch(&args, out).await,
        AuditCommand::Retain(args) => retain(&args, out).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The key alone on its line, to be kept in a file.
async fn key(args: &KeyArgs, out: Output) -> anyhow::Result<()> {
    let key = if args.offline {
        let data = args.reach.data.as_deref().unwrap_or(Path::new("nhip-data"));
        let key = public_key_of(&data.join("record"))?;
        out.json(&json!({ "key": key }))?;
        key
    } else {
        let told = AdminClient::new(&args.reach)?.audit_key().await?;
        out.json(&told)?;
        told.key
    };
    out.text(&key.to_string())?;
    out.note("hint: keep it where whoever could change the record cannot change the key");
    Ok(())
}

/// The signed line, as it is.
async fn checkpoint(args: &CheckpointArgs, out: Output) -> anyhow::Result<()> {
    let admin = AdminClient::new(&args.reach)?;
    let file = args.out.as_deref().map(Unfinished::create).transpose()?;
    let made = admin.checkpoint().await?;
    let reached = made.reached();
    let Some(mut file) = file else {
        out.raw(made.to_string().as_bytes())?;
        out.note("hint: keep it on another machine; `nhip audit verify --checkpoint FILE` holds the record to it");
        return Ok(());
    };
    file.write_all(format!("{made}\n").as_bytes()).map_err(|error| file.unwritable(error))?;
    let path = file.finish()?;
    out.text(&facts(&[
        ("checkpoint", path.display().to_string()),
        ("gateway", reached.gateway.clone()),
        ("reached", format!("entry {} of segment {}, at {}", reached.entry, reached.segment, utc(reached.at_ms))),
    ]))?;
    out.json(&Kept { checkpoint: path, reached })
}

/// What is told of a checkpoint in a file.
#[derive(serde::Serialize)]
struct Kept<'a> {
    checkpoint: PathBuf,
    reached: &'a nhip_registry::record::Reached,
}

async fn show(args: &ShowArgs, out: Output) -> anyhow::Result<()> {
    let list = AdminClient::new(&args.reach)?.exchange_entries(&args.id).await?;
    out.json(&list)?;
    for (number, found) in list.entries.iter().enumerate() {
        let Body::Exchange(record) = &found.entry.body else { continue };
        let gap = if number > 0 { "\n" } else { "" };
        let place = if list.reach.is_alone() {
            format!("{}", found.entry.n)
        } else {
            format!("{} on the record of {}", found.entry.n, found.gateway)
        };
        out.text(&format!("{gap}{}", exchanges::show(record, Some(place))))?;
    }
    tell(&list.reach, out);
    Ok(())
}

async fn retain(args: &RetainArgs, out: Output) -> anyhow::Result<()> {
    let done = AdminClient::new(&args.reach)?.retain(args.older_than).await?;
    out.json(&done)?;
    if done.segments == 0 {
        out.text("no segment is that old; nothing was emptied")?;
        return Ok(());
    }
    let (segments, entries) = (done.segments, done.entries);
    out.text(&format!("emptied; segments: {segments}, entries that were in them: {entries}"))?;
    out.note("the chain still goes through them: `nhip audit verify` counts what they held");
    Ok(())
}
