//! Writing packets: UTF-8, every element prefixed, in the order of the standard, nothing empty.

mod business;
mod check;
mod document;
mod shared;

use std::fmt;

use xml::{Unwritable, Writer};

use crate::{Document, NAMESPACE, Signature, StatusReport};

/// Why a packet cannot be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteError {
    /// The path of elements to the value.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

impl WriteError {
    fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl std::error::Error for WriteError {}

impl From<Unwritable> for WriteError {
    fn from(unwritable: Unwritable) -> Self {
        Self::new(unwritable.path, "a control character that XML cannot carry")
    }
}

/// The packet of a document.
pub(crate) fn document(document: &Document) -> Result<Vec<u8>, WriteError> {
    check::document(document)?;
    let scope = document.signature.as_ref();
    envelope(
        scope,
        |header| {
            header.element("MessageHeader", &[], |w| document::letterhead(w, document));
            if !document.traces.is_empty() || document.business.is_some() {
                header.element("TraceHeaderList", &[], |w| document::traces(w, document));
            }
            if let Some(signature) = scope {
                header.verbatim(&signature.xml);
            }
        },
        Some(document),
    )
}

/// The packet of a report: header only.
pub(crate) fn status(report: &StatusReport) -> Result<Vec<u8>, WriteError> {
    check::status(report)?;
    let header = |header: &mut Writer| {
        header.element("MessageHeader", &[], |w| {
            shared::organ(w, "From", &report.sender);
            shared::response_for(w, &report.response_for);
            shared::staff(w, report.staff.as_ref());
            w.leaf("StatusCode", &report.status);
            w.optional("Description", report.description.as_deref());
            w.optional("Timestamp", report.time.as_ref().map(|t| t.to_packet()).as_deref());
        });
    };
    envelope(None, header, None)
}

fn envelope(
    signature: Option<&Signature>,
    header: impl FnOnce(&mut Writer),
    body: Option<&Document>,
) -> Result<Vec<u8>, WriteError> {
    let scope: Vec<(String, &str)> = signature.map(declarations).unwrap_or_default();
    let scope: Vec<(&str, &str)> = scope.iter().map(|(key, name)| (key.as_str(), *name)).collect();
    let mut writer = Writer::with_prefix("edXML:");
    writer.element("edXML", &[("xmlns:edXML", NAMESPACE)], |w| {
        w.element("edXMLEnvelope", &[], |w| {
            w.element("edXMLHeader", &scope, header);
            if let Some(document) = body {
                w.element("edXMLBody", &[], |w| document::manifest(w, document));
            }
        });
        if let Some(document) = body.filter(|document| !document.attachments.is_empty()) {
            w.element("AttachmentEncoded", &[], |w| document::files(w, document));
        }
    });
    Ok(writer.finish()?)
}

/// The namespace declarations that a signature needs around it, as attributes.
fn declarations(signature: &Signature) -> Vec<(String, &str)> {
    let key = |prefix: &str| match prefix {
        "" => "xmlns".to_owned(),
        prefix => format!("xmlns:{prefix}"),
    };
    let scope = signature.scope.iter();
    scope.map(|(prefix, name)| (key(prefix), name.as_str())).collect()
}
