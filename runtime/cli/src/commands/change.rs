//! `nhip rollback` and `nhip retire`: changes of what is in service that bring nothing new.

use super::report;
use crate::args::{RetireArgs, RollbackArgs};
use crate::client::AdminClient;
use crate::output::Output;
use nhip_manage::wire::{Line, Refused, Rollback};
use serde_json::json;
use std::process::ExitCode;

/// Put an earlier version back in service.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn rollback(args: &RollbackArgs, out: Output) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&args.reach)?;
    let wanted = Rollback { to: args.to.as_ref().map(ToString::to_string) };
    let done = admin.rollback(&args.adapter, &wanted).await.map_err(|error| refused(error, out))?;
    out.text(&report::deployed(&done))?;
    out.json(&Line::Deployed(Box::new(done)))?;
    Ok(ExitCode::SUCCESS)
}

/// Take an adapter out of service.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn retire(args: &RetireArgs, out: Output) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&args.reach)?;
    let done = admin.retire(&args.adapter).await.map_err(|error| refused(error, out))?;
    let (adapter, version, deployment) = (&done.adapter, &done.replaced.version, &done.replaced.deployment);
    out.text(&format!("{adapter} is out of service; {version} was live (deployment {deployment})"))?;
    out.note(&format!("hint: `nhip rollback {adapter}` puts it back in service"));
    out.json(&json!({ "retired": done }))?;
    Ok(ExitCode::SUCCESS)
}

/// A refusal, told with everything that is in it; any other error as it is.
fn refused(error: anyhow::Error, out: Output) -> anyhow::Error {
    match error.downcast::<Refused>() {
        Ok(refused) => {
            let told = out.json(&json!({ "refused": refused }));
            told.and_then(|()| report::refuse(refused, None, out)).unwrap_or_else(|unwritable| unwritable)
        }
        Err(error) => error,
    }
}
