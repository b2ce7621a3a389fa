//! What the agent itself needs to see of a packet: that it is edXML, from whom, to whom, about what.
//!
//! Invariant: names are compared by namespace and local name, never by prefix; the bytes are only looked at.

use super::answer::{Refusal, codes};
use crate::xml::{self, Element};

/// The namespace of edXML (QCVN 102:2016/BTTTT).
const NS: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";

/// The part of the header the agent reads.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) from: String,
    /// `To/OrganId` of a document, `ResponseFor/OrganId` of a status packet.
    pub(super) to: Vec<String>,
    pub(super) title: String,
    pub(super) notation: String,
}

/// Reads a packet, or says why it is none.
pub(super) fn summarise(bytes: &[u8]) -> Result<Summary, Refusal> {
    let root = xml::parse(bytes)
        .map_err(|problem| Refusal::new(codes::INVALID_FILE, format!("the file is not XML: {problem}")))?;
    if !root.is(NS, "edXML") {
        let text = format!("the root element is not `edXML` of {NS}");
        return Err(Refusal::new(codes::NOT_EDXML, text));
    }
    let header = descend(&root, &["edXMLEnvelope", "edXMLHeader", "MessageHeader"]);
    let header = header.ok_or_else(|| {
        let text = "the packet has no edXMLEnvelope/edXMLHeader/MessageHeader";
        Refusal::new(codes::NOT_EDXML, text)
    })?;
    let is_status = header.child(NS, "StatusCode").is_some();
    let recipients = if is_status { "ResponseFor" } else { "To" };
    let to = header.all(NS, recipients).map(|party| text(party, &["OrganId"]));
    Ok(Summary {
        from: text(header, &["From", "OrganId"]),
        to: to.filter(|code| !code.is_empty()).collect(),
        title: text(header, &["Subject"]),
        notation: notation(header),
    })
}

fn notation(header: &Element) -> String {
    let parts = ["CodeNumber", "CodeNotation"].map(|part| text(header, &["Code", part]));
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("/")
}

fn text(from: &Element, path: &[&str]) -> String {
    descend(from, path).map_or_else(String::new, |found| found.text().to_owned())
}

fn descend<'a>(from: &'a Element, path: &[&str]) -> Option<&'a Element> {
    path.iter().try_fold(from, |at, name| at.child(NS, name))
}
