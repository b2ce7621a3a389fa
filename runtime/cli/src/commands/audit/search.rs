//! `nhip audit search`: what is on record.

use crate::args::SearchArgs;
use crate::client::AdminClient;
use crate::output::Output;
use crate::output::table::Table;
use crate::output::time::utc;
use nhip_exchange::{Clock, SystemClock};
use nhip_manage::wire::EntryQuery;
use nhip_registry::record::{Body, ChainEntry, Event};

/// List it.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn run(args: SearchArgs, out: Output) -> anyhow::Result<()> {
    let now = SystemClock.unix_millis();
    let query = EntryQuery {
        kind: args.kind.map(Into::into),
        service: args.service,
        caller: args.caller,
        outcome: args.outcome,
        adapter: args.adapter,
        upstream: args.upstream_id,
        since: args.since.map(|since| since.millis(now)),
        until: args.until.map(|until| until.millis(now)),
        limit: Some(args.limit),
    };
    let list = AdminClient::new(&args.reach)?.entries(&query).await?;
    out.json(&list)?;
    if list.entries.is_empty() {
        out.note("nothing on record matches");
        return Ok(());
    }
    out.text(&table(&list.entries))?;
    Ok(())
}

fn table(entries: &[ChainEntry]) -> String {
    let mut table = Table::new(&["ENTRY", "AT", "KIND", "WHO", "WHAT", "ENDED", "EXCHANGE"]);
    for entry in entries {
        let (kind, at_ms, who, what, ended, id) = cells(&entry.body);
        table.row([entry.n.to_string(), utc(at_ms), kind.to_owned(), who, what, ended, id]);
    }
    table.render()
}

fn cells(body: &Body) -> (&'static str, u64, String, String, String, String) {
    match body {
        Body::Exchange(record) => (
            "exchange",
            record.opened_ms,
            record.caller.clone().unwrap_or_default(),
            format!("{}/{}", record.service, record.function),
            record.outcome.clone(),
            record.id.to_string(),
        ),
        Body::Act(act) => (
            "act",
            act.at_ms,
            act.actor.clone(),
            format!("{} {}", act.kind.word(), act.subject),
            if act.refused { "refused" } else { "done" }.to_owned(),
            String::new(),
        ),
        Body::Gateway(event) => {
            let (at_ms, what) = happened(event);
            ("gateway", at_ms, String::new(), what, String::new(), String::new())
        }
    }
}

/// What happened to the gateway, in words.
fn happened(event: &Event) -> (u64, String) {
    match event {
        Event::Started { at_ms, version } => (*at_ms, format!("started, version {version}")),
        Event::Recovered { at_ms, version, cut_bytes } => {
            (*at_ms, format!("started after it was killed, version {version}; {cut_bytes} bytes were cut"))
        }
        Event::Stopped { at_ms } => (*at_ms, "stopped".to_owned()),
        Event::Retention { at_ms, through_segment, segments, entries } => {
            (*at_ms, format!("emptied {segments} segments of {entries} entries, up to segment {through_segment}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_registry::{Act, ActKind};

    #[test]
    fn acts_and_events_are_told_in_words() {
        let act = Act {
            id: 3,
            at_ms: 60_000,
            actor: "admin/lan".to_owned(),
            kind: ActKind::Retain,
            subject: "bridge-1".to_owned(),
            refused: false,
            deployment: None,
            detail: serde_json::Value::Null,
            gateway: "bridge-1".to_owned(),
        };
        let event = Event::Retention { at_ms: 61_000, through_segment: 4, segments: 2, entries: 90 };
        let entries =
            [ChainEntry { n: 8, body: Body::Gateway(event) }, ChainEntry { n: 7, body: Body::Act(Box::new(act)) }];
        assert_eq!(
            table(&entries),
            "ENTRY  AT                    KIND     WHO        WHAT                                               ENDED  EXCHANGE\n\
             8      1970-01-01T00:01:01Z  gateway  -          emptied 2 segments of 90 entries, up to segment 4  -      -\n\
             7      1970-01-01T00:01:00Z  act      admin/lan  retain bridge-1                                    done   -\n"
        );
    }
}
