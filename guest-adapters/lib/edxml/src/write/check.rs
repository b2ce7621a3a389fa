//! What a packet must have before it is written. Reading forgives more: a packet of the field may not be writable again.

use xml::{Limits, is_space};

use super::{WriteError, declarations};
use crate::{Document, NAMESPACE, SIGNATURE_NAMESPACE, Signature, StatusReport};

pub(super) fn document(document: &Document) -> Result<(), WriteError> {
    filled("From/OrganId", Some(&document.sender.code))?;
    if document.recipients.is_empty() {
        return Err(WriteError::new("To", "a document needs at least one recipient"));
    }
    for (at, recipient) in document.recipients.iter().enumerate() {
        filled(&format!("To[{}]/OrganId", at + 1), Some(&recipient.code))?;
    }
    for (at, file) in document.attachments.iter().enumerate() {
        let path = format!("Attachment[{}]", at + 1);
        filled(&format!("{path}/ContentId"), file.id.as_ref())?;
        filled(&format!("{path}/AttachmentName"), file.name.as_ref())?;
        filled(&format!("{path}/ContentType"), file.content_type.as_ref())?;
        let earlier = document.attachments.iter().take(at);
        if earlier.clone().any(|other| other.id == file.id) {
            return Err(WriteError::new(path, "another file has the same `ContentId`"));
        }
    }
    document.signature.as_ref().map_or(Ok(()), signature)
}

pub(super) fn status(report: &StatusReport) -> Result<(), WriteError> {
    filled("From/OrganId", Some(&report.sender.code))?;
    filled("StatusCode", Some(&report.status))?;
    let earlier = &report.response_for;
    if earlier.code.is_none() && earlier.document_id.is_none() {
        return Err(WriteError::new("ResponseFor", "neither `Code` nor `DocumentId` names a document"));
    }
    Ok(())
}

fn filled(path: &str, text: Option<&String>) -> Result<(), WriteError> {
    match text {
        Some(text) if text.chars().any(|c| !is_space(c)) => Ok(()),
        _ => Err(WriteError::new(path, "is absent or empty")),
    }
}

/// Whether the signature's markup is one element `Signature` that is well-formed where it will stand.
fn signature(signature: &Signature) -> Result<(), WriteError> {
    let wrong = |message: &str| Err(WriteError::new("Signature", message));
    if signature.scope.iter().any(|(prefix, _)| prefix == "edXML") {
        return wrong("it needs the prefix `edXML` for another namespace");
    }
    let mut around = format!("<edXML:h xmlns:edXML=\"{NAMESPACE}\"");
    for (key, name) in declarations(signature) {
        around.push_str(&format!(
            " {key}=\"{}\"",
            name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
        ));
    }
    let text = format!("{around}>{}</edXML:h>", signature.xml);
    let Ok(tree) = xml::read(text.as_bytes(), &Limits::default()) else {
        return wrong("it is not well-formed, or uses a prefix that is not declared");
    };
    let [element] = tree.root.children.as_slice() else {
        return wrong("it is not one element");
    };
    let is_signature = element.is(NAMESPACE, "Signature") || element.is(SIGNATURE_NAMESPACE, "Signature");
    if !is_signature || tree.verbatim(element) != signature.xml {
        return wrong("it is not one element `Signature` and nothing else");
    }
    Ok(())
}
