//! `nhip pack`: puts manifest and documentation into a component, for languages whose tools cannot.

use crate::args::PackArgs;
use crate::failure::Failure;
use crate::output::Output;
use crate::workshop::package_docs;
use anyhow::Context;
use nhip_contract::docs::WitDocs;
use nhip_host::{ManifestError, embed_manifest};
use nhip_policies::Manifest;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Pack a component.
///
/// # Errors
/// A file cannot be read or written, the manifest has mistakes, or the component carries one already.
pub(super) fn run(args: &PackArgs, out: Output) -> anyhow::Result<ExitCode> {
    let mut bytes = fs::read(&args.component).with_context(|| format!("cannot read `{}`", args.component.display()))?;
    if let Some(folder) = &args.wit {
        bytes = documentation(folder)?
            .embed(&bytes)
            .with_context(|| format!("cannot pack `{}`", args.component.display()))?;
    }
    if let Some(file) = &args.manifest {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        Manifest::parse(&text).map_err(|mistakes| {
            Failure::new(format!("`{}` has mistakes", file.display())).because(mistakes.to_string())
        })?;
        bytes = embed_manifest(&bytes, &text).map_err(|error| {
            let failure = Failure::new(format!("cannot pack `{}`: {error}", args.component.display()));
            match error {
                ManifestError::Present => {
                    failure.hint("leave `--manifest` away, or build the component without its own")
                }
                _ => failure,
            }
        })?;
    }
    fs::write(&args.out, &bytes).with_context(|| format!("cannot write `{}`", args.out.display()))?;
    out.text(&format!("`{}`: {} bytes", args.out.display(), bytes.len()))?;
    out.json(&json!({ "packed": args.out, "bytes": bytes.len() }))?;
    Ok(ExitCode::SUCCESS)
}

/// The docs of the package in a folder and of those in its `deps/`, each a folder or a file of its own.
fn documentation(folder: &Path) -> anyhow::Result<WitDocs> {
    let mut docs = package_docs(folder)?;
    let deps = folder.join("deps");
    if !deps.is_dir() {
        return Ok(docs);
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(&deps)
        .with_context(|| format!("cannot read `{}`", deps.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            docs.merge(package_docs(&entry)?);
        } else if entry.extension().is_some_and(|extension| extension == "wit") {
            let text = fs::read_to_string(&entry).with_context(|| format!("cannot read `{}`", entry.display()))?;
            let name = entry.display().to_string();
            docs.merge(
                WitDocs::parse([(name.as_str(), text.as_str())]).with_context(|| format!("`{name}` is not WIT"))?,
            );
        }
    }
    Ok(docs)
}
