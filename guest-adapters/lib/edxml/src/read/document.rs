//! The letterhead of a document: `MessageHeader`.

use super::fields::Fields;
use super::shared::{code, date, organ, response_for};
use crate::codes::{PRIORITY, STEERING};
use crate::{Document, DocumentCode, DocumentType, OtherInfo, Promulgation, ReadError, Signer, WarningCode};

/// The document without its traces, signature and files.
pub(super) fn letterhead(message: &mut Fields<'_, '_, '_>) -> Result<Document, ReadError> {
    let mut from = message.required("From")?;
    let sender = organ(&mut from)?;
    from.finish();
    Ok(Document {
        sender,
        recipients: message.groups("To", organ)?,
        id: message.text("DocumentId")?,
        code: message.group("Code", document_code)?,
        promulgation: message.group("PromulgationInfo", promulgation)?,
        document_type: message.group("DocumentType", document_type)?,
        subject: message.text("Subject")?,
        content: message.text("Content")?,
        signer: message.group("SignerInfo", signer)?,
        due_date: date(message, "DueDate")?,
        other_info: message.group("OtherInfo", other_info)?,
        responses: message.groups("ResponseFor", response_for)?,
        steering: code(message, "SteeringType", STEERING)?,
        to_places: message.texts("ToPlaces", "Place")?,
        ..Document::default()
    })
}

/// Warn of what every document should have, and of one that speaks of another.
pub(super) fn check(document: &Document, message: &Fields<'_, '_, '_>) {
    let absent = [
        ("To", document.recipients.is_empty()),
        ("DocumentId", document.id.is_none()),
        ("Subject", document.subject.is_none()),
    ];
    for (name, _) in absent.iter().filter(|(_, is_absent)| *is_absent) {
        message.warn(WarningCode::MissingElement, format!("`{name}` is absent or empty"));
    }
    let business = document.business.as_ref();
    let concerned = business.and_then(|b| b.document_id.as_ref());
    let is_new = business.is_some_and(|b| b.kind.as_deref() == Some("0"));
    if is_new && concerned.is_some() && concerned != document.id.as_ref() {
        message.warn(
            WarningCode::ForeignDocumentId,
            "the document is new, but its `Bussiness/DocumentId` names another one",
        );
    }
}

fn document_code(fields: &mut Fields<'_, '_, '_>) -> Result<DocumentCode, ReadError> {
    Ok(DocumentCode { number: fields.text("CodeNumber")?, notation: fields.text("CodeNotation")? })
}

fn promulgation(fields: &mut Fields<'_, '_, '_>) -> Result<Promulgation, ReadError> {
    Ok(Promulgation { place: fields.text("Place")?, date: date(fields, "PromulgationDate")? })
}

fn document_type(fields: &mut Fields<'_, '_, '_>) -> Result<DocumentType, ReadError> {
    Ok(DocumentType { code: fields.text("Type")?, detail: fields.text("TypeDetail")?, name: fields.text("TypeName")? })
}

fn signer(fields: &mut Fields<'_, '_, '_>) -> Result<Signer, ReadError> {
    Ok(Signer {
        competence: fields.text("Competence")?,
        position: fields.text("Position")?,
        full_name: fields.text("FullName")?,
    })
}

fn other_info(fields: &mut Fields<'_, '_, '_>) -> Result<OtherInfo, ReadError> {
    Ok(OtherInfo {
        priority: code(fields, "Priority", PRIORITY)?,
        sphere: fields.text("SphereOfPromulgation")?,
        typer_notation: fields.text("TyperNotation")?,
        copies: fields.text("PromulgationAmount")?,
        pages: fields.text("PageAmount")?,
        direction: fields.text("Direction")?,
        appendixes: fields.texts("Appendixes", "Appendix")?,
    })
}
