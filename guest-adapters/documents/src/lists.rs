//! The lists of the agent, from JSON rows to the records of the contract. A row without an id cannot be fetched: it is left out, and said so.

use forms::Date;
use guest::faults::{Fault, FaultCode};
use guest::logging::Level;
use guest::organs::Agency;
use guest::{Upstream, fault};
use serde_json::{Map, Value};

use crate::Settings;
use crate::agent::Call;
use crate::answer::text;
use crate::contract::{Filter, PacketKind, ReceivedPacket, SentPacket};

type Row = Map<String, Value>;

/// The call for a list.
pub(crate) fn call(path: &'static str, settings: &Settings<'_>, filter: &Filter) -> Result<Call, Fault> {
    let day = |member: &str, day: &Option<String>| match day {
        None => Ok(None),
        Some(text) => match Date::iso(text.trim()) {
            Some(date) => Ok(Some(date)),
            None => Err(invalid(format!("`filter.{member}` is not a date of the calendar (`yyyy-MM-dd`)"))),
        },
    };
    let (from, to) = (day("fromDate", &filter.from_date)?, day("toDate", &filter.to_date)?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(invalid("`filter.fromDate` is after `filter.toDate`"));
    }
    if filter.page == Some(0) || filter.page_size.is_some_and(|size| !(1..=1000).contains(&size)) {
        return Err(invalid("`filter.page` is from 1, and `filter.pageSize` from 1 to 1000"));
    }
    let kind = match filter.kind {
        None | Some(PacketKind::Document) => "edoc",
        Some(PacketKind::Status) => "status",
    };
    Ok(Call::new(path)
        .with("messagetype", kind)
        .with_some("fromDate", from.map(|date| settings.list_date(date)))
        .with_some("toDate", to.map(|date| settings.list_date(date)))
        .with_some("pageSize", filter.page_size.map(|size| size.to_string()))
        .with_some("pageIndex", filter.page.map(|page| page.to_string())))
}

/// The packets that came in.
pub(crate) fn received(upstream: &Upstream<'_>, rows: &[Row]) -> Vec<ReceivedPacket> {
    let packet = |row: &Row| {
        Some(ReceivedPacket {
            packet_id: text(row, "docId")?,
            message_type: text(row, "messageType"),
            service_type: text(row, "serviceType"),
            sender: text(row, "from"),
            recipients: row.get("to").map(codes).unwrap_or_default(),
            state: text(row, "status"),
            state_description: text(row, "status_desc"),
            created: text(row, "created_time"),
            updated: text(row, "updated_time"),
        })
    };
    with_ids(upstream, rows, packet)
}

/// The packets that went out.
pub(crate) fn sent(upstream: &Upstream<'_>, rows: &[Row]) -> Vec<SentPacket> {
    let packet = |row: &Row| {
        Some(SentPacket {
            packet_id: text(row, "senderDocId")?,
            receiver_packet_id: text(row, "receiverDocId"),
            message_type: text(row, "messageType"),
            service_type: text(row, "serviceType"),
            sender: text(row, "fromCode"),
            recipient: text(row, "toCode"),
            title: text(row, "title"),
            notation: text(row, "notation"),
            send_state: text(row, "sendStatus"),
            send_state_description: text(row, "sendStatusDesc"),
            receive_state: text(row, "receiveStatus"),
            receive_state_description: text(row, "receiveStatusDesc"),
            sent: text(row, "sentTime"),
            received: text(row, "receivedTime"),
        })
    };
    with_ids(upstream, rows, packet)
}

/// The agencies, without those that are marked as deleted.
pub(crate) fn agencies(upstream: &Upstream<'_>, rows: &[Row]) -> Vec<Agency> {
    let agency = |row: &Row| {
        let code = text(row, "code")?;
        let other = text(row, "code102").or_else(|| text(row, "oldCode"));
        Some(Agency {
            id: text(row, "id"),
            other_code: other.filter(|other| *other != code),
            name: text(row, "name").unwrap_or_else(|| code.clone()),
            code,
            parent: text(row, "pid"),
            email: text(row, "mail"),
            telephone: text(row, "mobile"),
            fax: text(row, "fax"),
        })
    };
    let is_live = |row: &&Row| !matches!(text(row, "deleted").as_deref(), Some("true" | "1"));
    let live: Vec<Row> = rows.iter().filter(is_live).cloned().collect();
    with_ids(upstream, &live, agency)
}

fn with_ids<T>(upstream: &Upstream<'_>, rows: &[Row], read: impl Fn(&Row) -> Option<T>) -> Vec<T> {
    let found: Vec<T> = rows.iter().filter_map(read).collect();
    let lost = rows.len() - found.len();
    if lost > 0 {
        upstream.host.log(Level::Warn, &format!("{lost} row(s) of a list have no id and were left out"));
    }
    found
}

/// Codes as one text, as a list, or as a list in a text.
fn codes(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(codes).collect(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(list @ Value::Array(_)) => codes(&list),
            _ => text.split([',', ';']).map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        },
        _ => Vec::new(),
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    fault(FaultCode::InvalidInput, message)
}
