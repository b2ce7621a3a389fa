//! `nhip deploy`: send the component and its policy, follow the steps, tell the end.
//!
//! Invariant: the command succeeds only when the gateway said that the component is live.

use super::report;
use crate::args::DeployArgs;
use crate::client::AdminClient;
use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::output::time::size;
use crate::progress::Progress;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use indicatif::ProgressBar;
use nhip_manage::deployments::LARGEST_COMPONENT;
use nhip_manage::wire::{Line, Step};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response};
use std::convert::Infallible;
use std::path::Path;
use std::process::ExitCode;

/// How much is sent between two moves of the progress bar.
const PIECE: usize = 64 << 10;

/// Deploy.
///
/// # Errors
/// A file cannot be read, the gateway cannot be reached, or it refuses.
pub(super) async fn run(args: &DeployArgs, out: Output) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&args.reach)?;
    let component = component(&args.component)?;
    let policy = files::text(&args.policy)?;
    let manifest = args.manifest.as_deref().map(files::text).transpose()?;

    let mut progress = Progress::new(out);
    let bar = progress.upload("upload", component.len() as u64);
    let mut form = Form::new().part("component", upload(component, bar)).text("policy", policy);
    if let Some(manifest) = manifest {
        form = form.text("manifest", manifest);
    }
    let answer = admin.deploy(form).await?;
    progress.done();
    match follow(&admin, answer, &mut progress, out).await? {
        Line::Deployed(done) => {
            progress.done();
            out.text(&report::deployed(&done))?;
            Ok(ExitCode::SUCCESS)
        }
        Line::Refused(refused) => {
            progress.refused();
            Err(report::refuse(*refused, Some(&args.policy), out)?)
        }
        Line::Step(_) => Err(broken_off()),
    }
}

fn component(file: &Path) -> anyhow::Result<Bytes> {
    let length = std::fs::metadata(file).map_or(0, |metadata| metadata.len());
    if length > LARGEST_COMPONENT as u64 {
        let limit = size(LARGEST_COMPONENT as u64);
        return Err(Failure::new(format!("`{}` has {}; a component may have {limit}", file.display(), size(length)))
            .hint("build it for release and strip it of debug information")
            .into());
    }
    Ok(files::bytes(file, LARGEST_COMPONENT as u64)?.into())
}

/// The component as a part of the form, moving the bar as it is sent.
fn upload(component: Bytes, bar: ProgressBar) -> Part {
    let length = component.len() as u64;
    let pieces =
        (0..component.len()).step_by(PIECE).map(move |at| component.slice(at..component.len().min(at + PIECE)));
    let moved = stream::iter(pieces).map(move |piece| {
        bar.inc(piece.len() as u64);
        Ok::<_, Infallible>(piece)
    });
    Part::stream_with_length(Body::wrap_stream(moved), length).file_name("component.wasm")
}

/// Read the answer's lines as they come, up to the one that ends it.
async fn follow(
    admin: &AdminClient,
    mut answer: Response,
    progress: &mut Progress,
    out: Output,
) -> anyhow::Result<Line> {
    let mut waiting: Vec<u8> = Vec::new();
    loop {
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let read: Line = admin.line(line)?;
            if out.is_json() {
                out.raw(line)?;
            }
            match read {
                Line::Step(step) => progress.step(word(step)),
                end => return Ok(end),
            }
        }
        match answer.chunk().await {
            Ok(Some(more)) => waiting.extend_from_slice(&more),
            Ok(None) => return Err(broken_off()),
            Err(error) => return Err(admin.unreachable(&error)),
        }
    }
}

fn word(step: Step) -> &'static str {
    match step {
        Step::Verify => "verify",
        Step::Compile => "compile",
        Step::Smoke => "smoke",
        Step::Switch => "switch",
    }
}

fn broken_off() -> anyhow::Error {
    Failure::new("the gateway broke the deployment off without saying how it ended")
        .hint("`nhip adapters` says what is in service, `nhip acts` what was changed")
        .into()
}
