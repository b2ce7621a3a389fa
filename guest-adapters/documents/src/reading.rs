//! From a packet to the records of the contract. Nothing is judged here: what is odd was told in the warnings.

use edxml::Written;
use forms::{Date, Time};
use guest::attachments::Attachment;
use guest::dates::{WrittenDate, WrittenTime};
use guest::organs::Organ;

use crate::packets::{
    Business, Document, DocumentChange, DocumentCode, DocumentType, OtherInfo, Packet, Promulgation, ReceiverChange,
    Replacement, ResponseFor, Signer, Staff, StatusReport, Trace, Warning, WarningCode,
};

/// What a packet holds.
pub(crate) fn packet(packet: edxml::Packet) -> Packet {
    match packet {
        edxml::Packet::Document(found) => Packet::Document(document(*found)),
        edxml::Packet::Status(found) => Packet::Status(status(*found)),
    }
}

fn status(found: edxml::StatusReport) -> StatusReport {
    StatusReport {
        sender: organ(found.sender),
        response_for: response_for(found.response_for),
        staff: found.staff.map(staff),
        status: found.status,
        description: found.description,
        time: found.time.map(time),
    }
}

fn document(found: edxml::Document) -> Document {
    Document {
        sender: organ(found.sender),
        recipients: found.recipients.into_iter().map(organ).collect(),
        id: found.id,
        code: found.code.map(|code| DocumentCode { number: code.number, notation: code.notation }),
        promulgation: found.promulgation.map(|found| Promulgation { place: found.place, date: found.date.map(date) }),
        document_type: found.document_type.map(|kind| DocumentType {
            code: kind.code,
            detail: kind.detail,
            name: kind.name,
        }),
        subject: found.subject,
        content: found.content,
        signer: found.signer.map(|signer| Signer {
            competence: signer.competence,
            position: signer.position,
            full_name: signer.full_name,
        }),
        due_date: found.due_date.map(date),
        other_info: found.other_info.map(other_info),
        responses: found.responses.into_iter().map(response_for).collect(),
        steering: found.steering,
        to_places: found.to_places,
        traces: found.traces.into_iter().map(trace).collect(),
        business: found.business.map(business),
        signature: found.signature.map(|signature| signature.xml.into_bytes()),
        attachments: found.attachments.into_iter().enumerate().map(attachment).collect(),
    }
}

fn organ(found: edxml::Organ) -> Organ {
    Organ {
        code: found.code,
        in_charge: found.in_charge,
        name: found.name,
        address: found.address,
        email: found.email,
        telephone: found.telephone,
        fax: found.fax,
        website: found.website,
    }
}

fn staff(found: edxml::Staff) -> Staff {
    Staff { department: found.department, name: found.name, email: found.email, mobile: found.mobile }
}

fn other_info(found: edxml::OtherInfo) -> OtherInfo {
    OtherInfo {
        priority: found.priority,
        sphere: found.sphere,
        typer_notation: found.typer_notation,
        copies: found.copies,
        pages: found.pages,
        direction: found.direction,
        appendixes: found.appendixes,
    }
}

fn response_for(found: edxml::ResponseFor) -> ResponseFor {
    ResponseFor { organ: found.organ, code: found.code, document_id: found.document_id, date: found.date.map(date) }
}

fn trace(found: edxml::Trace) -> Trace {
    Trace { organ: found.organ, time: found.time.map(time) }
}

fn business(found: edxml::Business) -> Business {
    let receiver = |found: edxml::ReceiverChange| ReceiverChange { organ: found.organ, kind: found.kind };
    let replacement = |found: edxml::Replacement| Replacement { document_id: found.document_id, organs: found.organs };
    Business {
        document_id: found.document_id,
        kind: found.kind,
        reason: found.reason,
        paper: found.paper,
        change: found.change.map(|change| DocumentChange {
            document_info: change.document_info,
            document_receiver: change.document_receiver,
            receivers: change.receivers.into_iter().map(receiver).collect(),
        }),
        staff: found.staff.map(staff),
        replacements: found.replacements.into_iter().map(replacement).collect(),
    }
}

/// A file without a name takes its id, or its number, so that a caller can store it; the warnings tell of it.
fn attachment((at, found): (usize, edxml::Attachment)) -> Attachment {
    Attachment {
        name: found.name.or_else(|| found.id.clone()).unwrap_or_else(|| format!("attachment-{}", at + 1)),
        id: found.id,
        content_type: found.content_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
        description: found.description,
        content: found.content,
    }
}

fn date(found: Written<Date>) -> WrittenDate {
    match found {
        Written::Value(date) => WrittenDate::Date(date.to_string()),
        Written::Text(text) => WrittenDate::Text(text),
    }
}

fn time(found: Written<Time>) -> WrittenTime {
    match found {
        Written::Value(time) => WrittenTime::Time(time.to_string()),
        Written::Text(text) => WrittenTime::Text(text),
    }
}

/// A warning of the codec.
pub(crate) fn warning(found: edxml::Warning) -> Warning {
    let code = match found.code {
        edxml::WarningCode::BadDate => WarningCode::BadDate,
        edxml::WarningCode::UnknownCode => WarningCode::UnknownCode,
        edxml::WarningCode::UnknownElement => WarningCode::UnknownElement,
        edxml::WarningCode::StrayText => WarningCode::StrayText,
        edxml::WarningCode::MissingElement => WarningCode::MissingElement,
        edxml::WarningCode::AttachmentMissing => WarningCode::AttachmentMissing,
        edxml::WarningCode::ReferenceMissing => WarningCode::ReferenceMissing,
        edxml::WarningCode::AttachmentMismatch => WarningCode::AttachmentMismatch,
        edxml::WarningCode::ForeignDocumentId => WarningCode::ForeignDocumentId,
        edxml::WarningCode::SignatureNamespace => WarningCode::SignatureNamespace,
    };
    Warning { code, line: found.place.line, column: found.place.column, path: found.path, message: found.message }
}
