//! `nhip stop`: ask the gateway to end, and see it end.

use crate::args::StopArgs;
use crate::client::AdminClient;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::time::show_span;
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often to look.
const PAUSE: Duration = Duration::from_millis(50);

/// Ask, and wait until nothing listens any more.
///
/// # Errors
/// The gateway cannot be reached, or did not end in time.
pub(super) async fn run(args: &StopArgs, out: Output) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&args.reach)?;
    let asked = admin.stop().await?;
    if args.wait.is_zero() {
        out.json(&asked)?;
        out.text("the gateway is stopping")?;
        return Ok(ExitCode::SUCCESS);
    }
    out.note("the gateway is stopping; exchanges under way are finished");
    let gone = async {
        while admin.is_there().await {
            sleep(PAUSE).await;
        }
    };
    if timeout(args.wait, gone).await.is_err() {
        return Err(Failure::new(format!("the gateway is still stopping after {}", show_span(args.wait)))
            .hint("it finishes the exchanges under way; `nhip exchanges` of the next start shows how they ended")
            .into());
    }
    out.json(&json!({ "stopped": true }))?;
    out.text("the gateway has stopped")?;
    Ok(ExitCode::SUCCESS)
}
