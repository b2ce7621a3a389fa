//! Packets on their way out: what the caller gave is checked and completed. What is made here is made of the exchange, not of the
//! clock, so that a second try makes the same packet.

use edxml::{Packet, Trace, Written};
use forms::{Date, Time, organ_list};
use guest::fault;
use guest::faults::{Fault, FaultCode};

use crate::codes::Codes;
use crate::packets::{Document, StatusReport};
use crate::writing::{self, Checked};

/// The most recipients of one packet.
const MOST_RECIPIENTS: usize = 2_000;

/// A packet, and what the agent has to know of it.
#[derive(Debug)]
pub(crate) struct Posting {
    pub(crate) packet: Packet,
    /// `edoc` or `status`.
    pub(crate) message_type: &'static str,
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) document_id: Option<String>,
}

/// What packets of one exchange are made with.
pub(crate) struct Outgoing<'c> {
    pub(crate) codes: &'c Codes,
    /// The moment of the exchange.
    pub(crate) now: Time,
    /// The id of the exchange.
    pub(crate) exchange: String,
}

impl Outgoing<'_> {
    /// The packet of a document.
    pub(crate) fn document(&self, document: Document) -> Result<Posting, Fault> {
        if document.recipients.len() > MOST_RECIPIENTS {
            return Err(invalid(format!("`document.recipients` has more than {MOST_RECIPIENTS} organs")));
        }
        let mut packet = writing::document(document, self.codes)?;
        organ("document.sender", &packet.sender.code)?;
        if packet.recipients.is_empty() {
            return Err(invalid("`document.recipients` is empty: a document needs at least one"));
        }
        for (at, recipient) in packet.recipients.iter().enumerate() {
            organ(&format!("document.recipients/{at}"), &recipient.code)?;
        }
        if packet.subject.is_none() {
            return Err(invalid("`document.subject` is missing"));
        }
        if packet.id.is_none() {
            packet.id = Some(document_id(&packet)?);
        }
        if packet.traces.is_empty() {
            packet.traces.push(Trace { organ: Some(packet.sender.code.clone()), time: Some(Written::Value(self.now)) });
        }
        for (at, file) in packet.attachments.iter_mut().enumerate() {
            file.id.get_or_insert_with(|| format!("{}-{}", self.exchange, at + 1));
        }
        let mut to: Vec<String> = Vec::new();
        for recipient in &packet.recipients {
            if !to.contains(&recipient.code) {
                to.push(recipient.code.clone());
            }
        }
        Ok(Posting {
            message_type: "edoc",
            from: packet.sender.code.clone(),
            to,
            document_id: packet.id.clone(),
            packet: Packet::Document(Box::new(packet)),
        })
    }

    /// The packet of a report.
    pub(crate) fn status(&self, report: StatusReport) -> Result<Posting, Fault> {
        let mut packet = writing::status(report, self.codes)?;
        organ("report.sender", &packet.sender.code)?;
        let Some(to) = packet.response_for.organ.clone() else {
            return Err(invalid("`report.responseFor.organ` is missing: nobody could be told"));
        };
        organ("report.responseFor.organ", &to)?;
        if packet.response_for.code.is_none() && packet.response_for.document_id.is_none() {
            return Err(invalid("`report.responseFor` names no document: give `code` or `documentId`"));
        }
        packet.time.get_or_insert(Written::Value(self.now));
        Ok(Posting {
            message_type: "status",
            from: packet.sender.code.clone(),
            to: vec![to],
            document_id: packet.response_for.document_id.clone(),
            packet: Packet::Status(Box::new(packet)),
        })
    }
}

/// `{organ},{yyyy/MM/dd},{number}/{notation}`.
fn document_id(document: &edxml::Document) -> Result<String, Fault> {
    let date = document.promulgation.as_ref().and_then(|found| found.date.as_ref());
    let code = document.code.as_ref();
    let parts = (date, code.and_then(|code| code.number.as_ref()), code.and_then(|code| code.notation.as_ref()));
    let (Some(Written::Value(date)), Some(number), Some(notation)) = parts else {
        return Err(invalid(
            "`document.id` is missing, and cannot be made without `promulgation.date`, `code.number` and `code.notation`",
        ));
    };
    let date: &Date = date;
    Ok(format!("{},{},{number}/{notation}", document.sender.code, date.to_slashed()))
}

fn organ(member: &str, code: &str) -> Checked<()> {
    match organ_list(code) {
        Some(_) => Ok(()),
        None => {
            Err(invalid(format!("`{member}.code` is not the code of an organ, such as `000.00.00.G22` or `H40.01`")))
        }
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    fault(FaultCode::InvalidInput, message)
}
