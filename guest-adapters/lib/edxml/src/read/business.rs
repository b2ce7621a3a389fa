//! The way of a document and what it does to an earlier one: `TraceHeaderList`.

use super::fields::Fields;
use super::shared::{code, staff, time};
use crate::codes::{BUSINESS, PAPER, RECEIVER};
use crate::{Business, DocumentChange, ReadError, ReceiverChange, Replacement, Trace, WarningCode};

pub(super) fn trace(fields: &mut Fields<'_, '_, '_>) -> Result<Trace, ReadError> {
    Ok(Trace { organ: fields.text("OrganId")?, time: time(fields, "Timestamp")? })
}

pub(super) fn business(fields: &mut Fields<'_, '_, '_>) -> Result<Business, ReadError> {
    let mut replacements = Vec::new();
    if let Some(mut list) = fields.one("ReplacementInfoList")? {
        replacements = list.groups("ReplacementInfo", replacement)?;
        list.finish();
    }
    Ok(Business {
        document_id: fields.text("DocumentId")?,
        kind: code(fields, "BussinessDocType", BUSINESS)?,
        reason: fields.text("BussinessDocReason")?,
        paper: code(fields, "Paper", PAPER)?,
        change: fields.group("BussinessDocumentInfo", change)?,
        staff: fields.group("StaffInfo", staff)?,
        replacements,
    })
}

fn change(fields: &mut Fields<'_, '_, '_>) -> Result<DocumentChange, ReadError> {
    let mut receivers = Vec::new();
    if let Some(mut list) = fields.one("ReceiverList")? {
        receivers = list.groups("Receiver", receiver)?;
        list.finish();
    }
    Ok(DocumentChange {
        document_info: fields.text("DocumentInfo")?,
        document_receiver: fields.text("DocumentReceiver")?,
        receivers,
    })
}

fn receiver(fields: &mut Fields<'_, '_, '_>) -> Result<ReceiverChange, ReadError> {
    let organ = fields.text("OrganId")?;
    if organ.is_none() {
        fields.warn(WarningCode::MissingElement, "a receiver without `OrganId` changes nobody");
    }
    Ok(ReceiverChange { organ: organ.unwrap_or_default(), kind: code(fields, "ReceiverType", RECEIVER)? })
}

fn replacement(fields: &mut Fields<'_, '_, '_>) -> Result<Replacement, ReadError> {
    Ok(Replacement { document_id: fields.text("DocumentId")?, organs: fields.texts("OrganIdList", "OrganId")? })
}
