//! `nhip adapters`: what is in service, and one adapter with its history.

use super::report::{admitted, served, short};
use crate::args::AdaptersArgs;
use crate::client::AdminClient;
use crate::output::Output;
use crate::output::table::{Table, facts};
use crate::output::time::utc;
use nhip_manage::wire::{Adapter, AdapterDetails, AdapterList};
use std::process::ExitCode;

/// List all, or show one.
///
/// # Errors
/// The gateway cannot be reached, or there is no such adapter.
pub(super) async fn run(args: &AdaptersArgs, out: Output) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&args.reach)?;
    if let Some(name) = &args.adapter {
        let details = admin.adapter(name).await?;
        out.json(&details)?;
        out.text(&show(&details))?;
        return Ok(ExitCode::SUCCESS);
    }
    let list = admin.adapters().await?;
    out.json(&list)?;
    if list.adapters.is_empty() {
        out.note("no adapter was ever deployed");
        out.note("hint: `nhip deploy COMPONENT --policy FILE` puts one in service");
        return Ok(ExitCode::SUCCESS);
    }
    out.text(&table(&list))?;
    for (adapter, broken) in list.adapters.iter().filter_map(|adapter| Some((adapter, adapter.broken.as_ref()?))) {
        out.note(&format!("warning: {} does not serve: {}\nhint: {}", adapter.name, broken.detail, broken.cure));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(list: &AdapterList) -> String {
    let mut table = Table::new(&["ADAPTER", "VERSION", "STATE", "SERVICES", "COMPONENT", "SINCE"]);
    for adapter in &list.adapters {
        let Adapter { name, state, version, component, services, since_ms, .. } = adapter;
        let names: Vec<&str> = services.iter().map(|served| served.service.as_str()).collect();
        table.row([
            name.clone(),
            version.clone(),
            state.word().to_owned(),
            names.join(","),
            short(component),
            utc(*since_ms),
        ]);
    }
    table.render()
}

fn show(details: &AdapterDetails) -> String {
    let AdapterDetails { adapter, live, policy_text: _, policy_words: _, versions, history } = details;
    let mut known = vec![
        ("adapter", adapter.name.clone()),
        ("state", adapter.state.word().to_owned()),
        ("version", adapter.version.clone()),
        ("deployment", format!("{}, by {}", adapter.deployment, adapter.actor)),
        ("since", utc(adapter.since_ms)),
        ("component", adapter.component.to_string()),
        ("policy", adapter.policy.to_string()),
        ("services", served(&adapter.services)),
    ];
    if let Some(live) = live {
        let (busy, slots) = (live.slots.saturating_sub(live.free_slots), live.slots);
        known.push(("under way", format!("{} exchanges; {busy} of {slots} slots taken", adapter.in_flight)));
        known.extend(admitted(&live.report));
    }
    if !adapter.ready.is_empty() {
        known.push(("ready", format!("{} for a rollback", adapter.ready.join(", "))));
    }
    if let Some(broken) = &adapter.broken {
        known.push(("broken", format!("{}\nhint: {}", broken.detail, broken.cure)));
    }
    let mut text = facts(&known);

    let mut table = Table::new(&["VERSION", "COMPONENT", "FIRST SEEN", "CONTRACTS"]);
    for version in versions {
        table.row([
            version.version.clone(),
            short(&version.component),
            utc(version.first_seen_ms),
            version.contracts.join(","),
        ]);
    }
    text.push('\n');
    text.push_str(&table.render());

    let mut table = Table::new(&["DEPLOYMENT", "KIND", "VERSION", "COMPONENT", "POLICY", "AT", "BY"]);
    for entry in history {
        let kind =
            entry.restores.map_or_else(|| entry.kind.word().to_owned(), |of| format!("{} to {of}", entry.kind.word()));
        table.row([
            entry.deployment.to_string(),
            kind,
            entry.version.clone(),
            short(&entry.component),
            short(&entry.policy),
            utc(entry.at_ms),
            entry.actor.clone(),
        ]);
    }
    text.push('\n');
    text.push_str(&table.render());
    text
}
