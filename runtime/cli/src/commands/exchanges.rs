//! `nhip exchanges`: the records of what was called.

use crate::args::ExchangesArgs;
use crate::client::AdminClient;
use crate::failure::Failure;
use crate::output::Output;
use crate::output::table::{Table, facts, or_dash};
use crate::output::time::{size, took, utc};
use nhip_exchange::{Record, UpstreamCall};
use nhip_manage::wire::ExchangeQuery;
use std::process::ExitCode;

/// List them, or show one.
///
/// # Errors
/// The gateway cannot be reached, or there is no such exchange.
pub(super) async fn run(args: ExchangesArgs, out: Output) -> anyhow::Result<ExitCode> {
    let admin = AdminClient::new(&args.reach)?;
    let query = ExchangeQuery {
        id: args.id.clone(),
        service: args.service,
        caller: args.caller,
        outcome: args.outcome,
        since: None,
        limit: Some(args.limit),
    };
    let list = admin.exchanges(&query).await?;
    out.json(&list)?;
    match (args.id, list.exchanges.as_slice()) {
        (Some(id), []) => {
            return Err(Failure::new(format!("there is no record of an exchange `{id}`"))
                .hint("a record is written some milliseconds after its exchange has ended")
                .into());
        }
        (None, []) => out.note("no exchange is on record"),
        (Some(_), records) => {
            for record in records {
                out.text(&show(record, None))?;
            }
        }
        (None, records) => out.text(&table(records))?,
    }
    super::audit::tell(&list.reach, out);
    Ok(ExitCode::SUCCESS)
}

fn table(records: &[Record]) -> String {
    let mut table = Table::new(&["AT", "EXCHANGE", "CALLER", "CALLED", "VERSION", "OUTCOME", "STATUS", "TOOK"]);
    for record in records {
        table.row([
            utc(record.opened_ms),
            record.id.to_string(),
            record.caller.as_deref().unwrap_or_default().to_owned(),
            format!("{}/{}", record.service, record.function),
            record.version.as_deref().unwrap_or_default().to_owned(),
            record.outcome.to_string(),
            record.status.to_string(),
            took(record.micros),
        ]);
    }
    table.render()
}

/// Everything in a record, in words; with the place of its entry, where that is known.
pub(super) fn show(record: &Record, entry: Option<String>) -> String {
    let blame = record.blame.as_ref().map(|blame| format!(", blame: {blame}")).unwrap_or_default();
    let mut known = vec![("exchange", record.id.to_string())];
    known.extend(entry.map(|place| ("entry", place)));
    if record.attempt > 1 {
        known.push(("attempt", record.attempt.to_string()));
    }
    known.extend(record.repeats.map(|first| ("repeats", format!("{first}, whose answer was given again"))));
    known.extend(record.parent.map(|parent| ("called by", format!("the adapter of {parent}"))));
    known.extend(record.schedule.as_ref().map(|schedule| ("schedule", schedule.to_string())));
    known.extend([
        ("opened", utc(record.opened_ms)),
        ("took", format!("{}, of it {} in the adapter", took(record.micros), took(record.cpu_micros))),
        ("started by", format!("{} from {}", record.origin, or_dash(&record.peer))),
        ("caller", or_dash(&record.caller)),
        ("purpose", or_dash(&record.purpose)),
        ("called", format!("{}/{}", record.service, record.function)),
        ("adapter", format!("{} {}", or_dash(&record.adapter), or_dash(&record.version))),
        ("outcome", format!("{} ({}){blame}", record.outcome, record.status)),
        ("trace", record.trace.to_string()),
        ("component", or_dash(&record.component)),
        ("policy", or_dash(&record.policy)),
        ("request", or_dash(&record.request)),
        ("response", or_dash(&record.response)),
    ]);
    let mut shown = facts(&known);
    if !record.upstream.is_empty() {
        shown.push('\n');
        shown.push_str(&upstream(&record.upstream));
    }
    shown
}

fn upstream(calls: &[UpstreamCall]) -> String {
    let mut table = Table::new(&["ENDPOINT", "METHOD", "ENDED", "SENT", "RECEIVED", "TOOK", "ITS ID"]);
    for UpstreamCall { endpoint, method, status, failure, sent, received, micros, id } in calls {
        let ended = status
            .map(|status| status.to_string())
            .or_else(|| failure.as_ref().map(ToString::to_string))
            .unwrap_or_default();
        table.row([
            endpoint.to_string(),
            method.to_string(),
            ended,
            size(*sent),
            size(*received),
            took(*micros),
            id.clone().unwrap_or_default(),
        ]);
    }
    table.render()
}
