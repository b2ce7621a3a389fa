//! What was received and sent, as lists and as counts.
//!
//! Invariant: a system sees the rows of its own organisations only. Days of `fromDate` and `toDate` are whole days in
//! Vietnam, both included.

use jiff::{Timestamp, civil::Date, tz};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal, codes},
    directory::{Directory, Organisation},
    dispatch::Call,
    params::Params,
    store::{Delivery, Document, MessageType, TransportState},
};

/// Vietnam has had one zone without daylight saving since 1975.
fn vietnam() -> tz::TimeZone {
    tz::TimeZone::fixed(tz::offset(7))
}

/// The format of edXML timestamps. Which one the agent uses in its lists is not published.
pub(super) fn written(moment: Timestamp) -> String {
    moment.to_zoned(vietnam()).strftime("%Y/%m/%d %H:%M:%S").to_string()
}

/// The filters common to all lists.
struct Filter {
    kind: Option<MessageType>,
    state: Option<TransportState>,
    from: Option<Date>,
    to: Option<Date>,
    page_size: Option<usize>,
    page_index: usize,
}

impl Filter {
    fn read(params: &Params) -> Result<Self, Refusal> {
        let state = match params.get("status") {
            None => None,
            Some(text) => Some(TransportState::parse(text).ok_or_else(|| {
                Refusal::new(codes::UNKNOWN_STATE, format!("`XroadVnpt-status` {text} is not a state"))
            })?),
        };
        Ok(Self {
            kind: params.message_type()?,
            state,
            from: params.day("fromdate")?,
            to: params.day("todate")?,
            page_size: params.number("pagesize")?,
            page_index: params.number("pageindex")?.unwrap_or(1),
        })
    }

    fn lets_through(&self, document: &Document, delivery: &Delivery) -> bool {
        let day = document.created.to_zoned(vietnam()).date();
        self.kind.is_none_or(|kind| kind == document.kind)
            && self.state.is_none_or(|state| state == delivery.state)
            && self.from.is_none_or(|from| from <= day)
            && self.to.is_none_or(|to| day <= to)
    }

    /// One page, counted from 1; everything when no size was given.
    fn page(&self, rows: impl Iterator<Item = Value>) -> Vec<Value> {
        let size = self.page_size.unwrap_or(usize::MAX);
        let skipped = size.saturating_mul(self.page_index.saturating_sub(1));
        rows.skip(skipped).take(size).collect()
    }
}

/// `getReceivedEdocList`. Known oddity: an empty list is an empty body.
pub(super) fn received(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filter = Filter::read(call.params)?;
    let directory = call.agent.directory();
    let store = call.agent.store();
    let rows = inbox(call, &directory, store.all(), &filter).map(|(document, delivery, to)| {
        json!({
            "docId": delivery.doc_id,
            "serviceType": "eDoc",
            "messageType": document.kind.as_str(),
            "created_time": written(document.created),
            "updated_time": written(delivery.updated),
            "from": code_of(&directory, &document.from),
            "to": to.address(),
            "status": delivery.state.as_str(),
            "status_desc": delivery.state.describe(),
        })
    });
    let page = filter.page(rows);
    Ok(if page.is_empty() { Answer::Empty } else { Answer::data(page) })
}

/// `getSentEdocList`: one row for each receiver.
pub(super) fn sent(call: &Call<'_>) -> Result<Answer, Refusal> {
    let filter = Filter::read(call.params)?;
    let directory = call.agent.directory();
    let store = call.agent.store();
    let mine = |document: &&Document| is_of(&directory, &document.from, call.system);
    let pairs = store.all().filter(mine).flat_map(|document| {
        let deliveries = document.deliveries.iter();
        deliveries.map(move |delivery| (document, delivery))
    });
    let wanted = pairs.filter(|(document, delivery)| filter.lets_through(document, delivery));
    let rows = wanted.map(|(document, delivery)| {
        json!({
            "serviceType": "eDoc",
            "messageType": document.kind.as_str(),
            "senderDocId": document.doc_id,
            "receiverDocId": delivery.doc_id,
            "fromCode": code_of(&directory, &document.from),
            "toCode": code_of(&directory, &delivery.to),
            "title": document.title,
            "notation": document.notation,
            "sentTime": written(document.created),
            "receivedTime": written(delivery.updated),
            "sendStatus": TransportState::Done.as_str(),
            "sendStatusDesc": "Đã gửi",
            "receiveStatus": delivery.state.as_str(),
            "receiveStatusDesc": delivery.state.describe(),
        })
    });
    Ok(Answer::data(filter.page(rows)))
}

/// `countReceiveEdoc` and `countReceiveStatus`: how many wait to be fetched (that only those count is inferred).
pub(super) fn count(call: &Call<'_>, kind: MessageType) -> Result<Answer, Refusal> {
    let mut filter = Filter::read(call.params)?;
    filter.kind = Some(kind);
    filter.state = Some(filter.state.unwrap_or(TransportState::Initial));
    let directory = call.agent.directory();
    let store = call.agent.store();
    let count = inbox(call, &directory, store.all(), &filter).count();
    Ok(Answer::with("count", count))
}

fn inbox<'a>(
    call: &'a Call<'_>,
    directory: &'a Directory,
    documents: impl Iterator<Item = &'a Document>,
    filter: &'a Filter,
) -> impl Iterator<Item = (&'a Document, &'a Delivery, &'a Organisation)> {
    documents.flat_map(move |document| {
        document.deliveries.iter().filter_map(move |delivery| {
            let to = directory.by_id(&delivery.to)?;
            let wanted = to.system == call.system && filter.lets_through(document, delivery);
            wanted.then_some((document, delivery, to))
        })
    })
}

fn is_of(directory: &Directory, organisation: &str, system: &str) -> bool {
    let organisation = directory.by_id(organisation);
    organisation.is_some_and(|organisation| organisation.system == system)
}

/// Of somebody outside the directory the code is all that is known.
fn code_of<'a>(directory: &'a Directory, organisation: &'a str) -> &'a str {
    let known = directory.by_id(organisation);
    known.map_or(organisation, |known| known.address())
}
