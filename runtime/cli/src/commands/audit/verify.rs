//! `nhip audit verify`: whether a record is as it was written. It asks no gateway and writes nothing.
//!
//! Invariant: exit code 0 means that everything that was there was read and that nothing in it is wrong; a path in which
//! there is no record is never sound.

use crate::args::VerifyArgs;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::output::table::{facts, or_dash};
use crate::output::time::utc;
use crate::progress;
use nhip_registry::record::{Checkpoint, PublicKey, Report, UnsealedTail, verify, verify_folder_telling};
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Verify.
///
/// # Errors
/// It is not sound, or cannot be looked at.
pub(super) fn run(args: &VerifyArgs, out: Output) -> anyhow::Result<ExitCode> {
    let key = key(args)?;
    let checkpoint = args.checkpoint.as_deref().map(checkpoint).transpose()?;
    let report = look(&args.path, &key, checkpoint.as_ref(), out)?;
    out.json(&report)?;
    tell(&report, checkpoint.as_ref(), out)?;
    if args.checkpoint.is_none() && report.closing.is_none() {
        out.note("hint: that a folder was cut at a seal shows only against a checkpoint that was kept elsewhere: `--checkpoint FILE`");
    }
    Ok(ExitCode::SUCCESS)
}

fn key(args: &VerifyArgs) -> anyhow::Result<PublicKey> {
    if let Some(key) = args.key {
        return Ok(key);
    }
    let Some(file) = &args.key_file else {
        return Err(Failure::new("without the gateway's public key nothing can be verified")
            .hint("`nhip audit key` prints it, at the gateway; give it with `--key KEY` or `--key-file FILE`")
            .hint("the key that an export itself names proves nothing: who forges the one writes the other")
            .into());
    };
    key_in(file)
}

/// The key in a file.
pub(super) fn key_in(file: &Path) -> anyhow::Result<PublicKey> {
    let unusable = |error| Failure::new(format!("`{}` holds no public key", file.display())).because(error);
    Ok(files::text(file)?.trim().parse().map_err(unusable)?)
}

fn checkpoint(file: &Path) -> anyhow::Result<Checkpoint> {
    let unusable = |error| {
        Failure::new(format!("`{}` holds no checkpoint", file.display()))
            .because(error)
            .hint("`nhip audit checkpoint --out FILE` writes one")
    };
    Ok(files::text(file)?.trim_end().parse().map_err(unusable)?)
}

/// Read all of it, drawing how far it has come.
pub(super) fn look(
    path: &Path,
    key: &PublicKey,
    checkpoint: Option<&Checkpoint>,
    out: Output,
) -> anyhow::Result<Report> {
    let unreadable = |error| Failure::new(format!("`{}` cannot be read", path.display())).because(error);
    let found = std::fs::metadata(path).map_err(unreadable)?;
    if !found.is_dir() {
        let bar = progress::bar(out, "verify", found.len());
        let input = BufReader::with_capacity(128 << 10, bar.wrap_read(File::open(path).map_err(unreadable)?));
        let report = verify(input, key, checkpoint).map_err(unreadable)?;
        bar.finish_and_clear();
        return Ok(report);
    }
    // A data folder is as good as the record in it.
    let folder = Some(path.join("record")).filter(|inner| inner.is_dir()).unwrap_or_else(|| path.to_owned());
    let (files, bytes) = segments(&folder).map_err(unreadable)?;
    if files == 0 {
        return Err(Failure::new(format!("there is no record in `{}`", folder.display()))
            .hint("name an export, or the folder `record` of a gateway's data folder")
            .into());
    }
    let bar = progress::bar(out, "verify", bytes);
    let report = verify_folder_telling(&folder, key, checkpoint, &mut |bytes| bar.inc(bytes))?;
    bar.finish_and_clear();
    Ok(report)
}

/// How many segments there are, and their bytes.
fn segments(folder: &Path) -> std::io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path: PathBuf = entry.path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            files += 1;
            bytes += entry.metadata()?.len();
        }
    }
    Ok((files, bytes))
}

/// Say what was found.
pub(super) fn tell(report: &Report, checkpoint: Option<&Checkpoint>, out: Output) -> anyhow::Result<()> {
    let proven = facts(&proven(report));
    if let Some(fault) = &report.fault {
        out.text(&proven)?;
        return Err(Failure::new(format!("the record is not sound: {fault}"))
            .hint("what comes before that entry is proven; keep the files as evidence, and compare them with a backup or an earlier export")
            .into());
    }
    let agrees = checkpoint.map_or(String::new(), |checkpoint| {
        let reached = checkpoint.reached();
        format!(", and it came by the checkpoint of {} (segment {})", utc(reached.at_ms), reached.segment)
    });
    out.text(&format!(
        "{proven}sound: every entry follows from the one before it, and every seal is the key's{agrees}"
    ))?;
    Ok(())
}

/// What is proven, in words.
fn proven(report: &Report) -> Vec<(&'static str, String)> {
    let Report { gateway, first_segment, last_segment, entries, emptied, last_entry, unsealed, closing, fault: _ } =
        report;
    let mut known = vec![("gateway", or_dash(gateway))];
    known.push(match last_segment {
        0 => ("segments", "none is sealed".to_owned()),
        _ => ("segments", format!("{first_segment} to {last_segment}, sealed")),
    });
    known.push(match entries {
        0 => ("entries", "none is proven".to_owned()),
        _ => ("entries", format!("{entries} proven, up to entry {last_entry}")),
    });
    if *emptied > 0 {
        known.push(("emptied", format!("{} of old segments, by retention", counted(*emptied))));
    }
    if let Some(UnsealedTail { segment, entries, torn_bytes }) = unsealed {
        let torn =
            if *torn_bytes > 0 { format!("; then {torn_bytes} bytes of an unfinished line") } else { String::new() };
        let tail = format!("segment {segment}: {} of one chain, not signed yet", counted(*entries));
        known.push(("unsealed", format!("{tail}{torn}")));
    }
    if let Some(reached) = closing {
        known.push(("exported", utc(reached.at_ms)));
    }
    known
}

fn counted(entries: u64) -> String {
    if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_exchange::SystemClock;
    use nhip_registry::Registry;
    use nhip_registry::record::public_key_of;
    use tempfile::TempDir;

    /// The data folder of a gateway that was stopped, and its key.
    async fn recorded() -> (TempDir, PublicKey) {
        let data = tempfile::tempdir().unwrap();
        let registry = Registry::open(data.path(), SystemClock::shared()).await.unwrap();
        let (queue, records) = tokio::sync::mpsc::channel(1);
        drop(queue);
        registry.journal.clone().write(records).await;
        registry.close().await;
        let key = public_key_of(&data.path().join("record")).unwrap();
        (data, key)
    }

    fn args(path: &Path) -> VerifyArgs {
        VerifyArgs { path: path.to_owned(), key: None, key_file: None, checkpoint: None }
    }

    fn told(args: &VerifyArgs) -> String {
        crate::failure::render(&run(args, Output::new(true)).unwrap_err())
    }

    #[tokio::test]
    async fn a_folder_is_verified_with_the_key_and_not_without() {
        let (data, key) = recorded().await;
        assert!(told(&args(data.path())).contains("`nhip audit key` prints it"));
        let with_key = VerifyArgs { key: Some(key), ..args(data.path()) };
        run(&with_key, Output::new(true)).unwrap();
        run(&VerifyArgs { path: data.path().join("record"), ..with_key }, Output::new(true)).unwrap();

        let file = data.path().join("key");
        std::fs::write(&file, format!("{key}\n")).unwrap();
        run(&VerifyArgs { key_file: Some(file.clone()), ..args(data.path()) }, Output::new(true)).unwrap();
        std::fs::write(&file, "ed25519:07").unwrap();
        assert!(told(&VerifyArgs { key_file: Some(file), ..args(data.path()) }).contains("holds no public key"));
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_and_what_is_no_record_is_not_sound() {
        let (data, key) = recorded().await;
        let with_key = VerifyArgs { key: Some(key), ..args(data.path()) };
        let segment = data.path().join("record/0000000001.seg");
        let text = std::fs::read_to_string(&segment).unwrap();
        std::fs::write(&segment, text.replacen("\"at_ms\":1", "\"at_ms\":2", 1)).unwrap();
        let wrong = told(&with_key);
        assert!(wrong.contains("not sound") && wrong.contains("segment 1, from entry 1 on"), "{wrong}");

        let empty = tempfile::tempdir().unwrap();
        assert!(told(&VerifyArgs { path: empty.path().to_owned(), ..with_key }).contains("there is no record in"));
        let stranger = empty.path().join("letter.txt");
        std::fs::write(&stranger, "Kính gửi\n").unwrap();
        assert!(told(&VerifyArgs { key: Some(key), ..args(&stranger) }).contains("this is not an export"));
        assert!(told(&VerifyArgs { key: Some(key), ..args(&empty.path().join("none")) }).contains("cannot be read"));
        let not_one = VerifyArgs { key: Some(key), checkpoint: Some(stranger), ..args(data.path()) };
        assert!(told(&not_one).contains("holds no checkpoint"));
    }
}
