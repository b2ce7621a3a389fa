//! `nhip services`: what callers can call now.

use crate::args::ServicesArgs;
use crate::client::AdminClient;
use crate::output::Output;
use crate::output::table::Table;
use nhip_manage::wire::Service;
use std::process::ExitCode;

/// List them.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn run(args: &ServicesArgs, out: Output) -> anyhow::Result<ExitCode> {
    let list = AdminClient::new(&args.reach)?.services().await?;
    out.json(&list)?;
    if list.services.is_empty() {
        out.note("no service is served");
        out.note("hint: `nhip adapters` says what was deployed, `nhip deploy` puts an adapter in service");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["SERVICE", "CONTRACT", "ADAPTER", "VERSION", "FUNCTIONS"]);
    for Service { name, contract, adapter, version, functions, summary: _ } in list.services {
        table.row([name, contract, adapter, version, functions.join(",")]);
    }
    out.text(&table.render())?;
    Ok(ExitCode::SUCCESS)
}
