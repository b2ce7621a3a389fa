//! `nhip audit search`: what is on record.

use crate::args::SearchArgs;
use crate::client::AdminClient;
use crate::output::Output;
use crate::output::table::Table;
use crate::output::time::utc;
use nhip_exchange::{Clock, SystemClock};
use nhip_manage::wire::EntryQuery;
use nhip_registry::record::{Body, Event, Found};

/// List it.
///
/// # Errors
/// The gateway cannot be reached, or refuses.
pub(super) async fn run(args: SearchArgs, out: Output) -> anyhow::Result<()> {
    let now = SystemClock.unix_millis();
    let query = EntryQuery {
        gateway: args.gateway,
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
    } else {
        out.text(&table(&list.entries, !list.reach.is_alone()))?;
    }
    super::tell(&list.reach, out);
    Ok(())
}

/// As a table. Whose record an entry is on is said where there is more than one.
fn table(found: &[Found], several: bool) -> String {
    let columns = ["GATEWAY", "ENTRY", "AT", "KIND", "WHO", "WHAT", "ENDED", "EXCHANGE"];
    let from = usize::from(!several);
    let mut table = Table::new(columns.get(from..).unwrap_or_default());
    for Found { gateway, entry } in found {
        let (kind, at_ms, who, what, ended, id) = cells(&entry.body);
        let cells = [gateway.clone(), entry.n.to_string(), utc(at_ms), kind.to_owned(), who, what, ended, id];
        table.row(cells.into_iter().skip(from));
    }
    table.render()
}

fn cells(body: &Body) -> (&'static str, u64, String, String, String, String) {
    match body {
        Body::Exchange(record) => (
            "exchange",
            record.opened_ms,
            record.caller.as_deref().unwrap_or_default().to_owned(),
            format!("{}/{}", record.service, record.function),
            record.outcome.to_string(),
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
    use nhip_registry::record::ChainEntry;
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
        let found = |n, body| Found { gateway: "bridge-1".to_owned(), entry: ChainEntry { n, body } };
        let entries = [found(8, Body::Gateway(event)), found(7, Body::Act(Box::new(act)))];
        assert!(table(&entries, true).lines().skip(1).all(|line| line.starts_with("bridge-1  ")));
        assert_eq!(
            table(&entries, false),
            "ENTRY  AT                    KIND     WHO        WHAT                                               ENDED  EXCHANGE\n\
             8      1970-01-01T00:01:01Z  gateway  -          emptied 2 segments of 90 entries, up to segment 4  -      -\n\
             7      1970-01-01T00:01:00Z  act      admin/lan  retain bridge-1                                    done   -\n"
        );
    }
}
