//! A document's letterhead, its way, its manifest and its files.

use forms::base64;
use xml::Writer;

use super::business::business;
use super::shared::{organ, response_for, texts};
use crate::{Document, OtherInfo};

pub(super) fn letterhead(w: &mut Writer, document: &Document) {
    organ(w, "From", &document.sender);
    for recipient in &document.recipients {
        organ(w, "To", recipient);
    }
    w.optional("DocumentId", document.id.as_deref());
    if let Some(code) = &document.code {
        w.element("Code", &[], |w| {
            w.optional("CodeNumber", code.number.as_deref());
            w.optional("CodeNotation", code.notation.as_deref());
        });
    }
    if let Some(promulgation) = &document.promulgation {
        let date = promulgation.date.as_ref().map(|date| date.to_packet());
        w.element("PromulgationInfo", &[], |w| {
            w.optional("Place", promulgation.place.as_deref());
            w.optional("PromulgationDate", date.as_deref());
        });
    }
    if let Some(kind) = &document.document_type {
        w.element("DocumentType", &[], |w| {
            w.optional("Type", kind.code.as_deref());
            w.optional("TypeDetail", kind.detail.as_deref());
            w.optional("TypeName", kind.name.as_deref());
        });
    }
    w.optional("Subject", document.subject.as_deref());
    w.optional("Content", document.content.as_deref());
    if let Some(signer) = &document.signer {
        w.element("SignerInfo", &[], |w| {
            w.optional("Competence", signer.competence.as_deref());
            w.optional("Position", signer.position.as_deref());
            w.optional("FullName", signer.full_name.as_deref());
        });
    }
    w.optional("DueDate", document.due_date.as_ref().map(|date| date.to_packet()).as_deref());
    if let Some(info) = &document.other_info {
        w.element("OtherInfo", &[], |w| other_info(w, info));
    }
    for earlier in &document.responses {
        response_for(w, earlier);
    }
    w.optional("SteeringType", document.steering.as_deref());
    texts(w, "ToPlaces", "Place", &document.to_places);
}

fn other_info(w: &mut Writer, info: &OtherInfo) {
    w.optional("Priority", info.priority.as_deref());
    w.optional("SphereOfPromulgation", info.sphere.as_deref());
    w.optional("TyperNotation", info.typer_notation.as_deref());
    w.optional("PromulgationAmount", info.copies.as_deref());
    w.optional("PageAmount", info.pages.as_deref());
    w.optional("Direction", info.direction.as_deref());
    texts(w, "Appendixes", "Appendix", &info.appendixes);
}

pub(super) fn traces(w: &mut Writer, document: &Document) {
    for trace in &document.traces {
        w.element("TraceHeader", &[], |w| {
            w.optional("OrganId", trace.organ.as_deref());
            w.optional("Timestamp", trace.time.as_ref().map(|time| time.to_packet()).as_deref());
        });
    }
    if let Some(found) = &document.business {
        w.element("Bussiness", &[], |w| business(w, found));
    }
}

pub(super) fn manifest(w: &mut Writer, document: &Document) {
    w.element("edXMLManifest", &[("version", "1.0")], |w| {
        for file in &document.attachments {
            w.element("Reference", &[], |w| {
                w.optional("ContentId", content_id(file.id.as_deref()).as_deref());
                w.optional("ContentType", file.content_type.as_deref());
                w.optional("Description", file.description.as_deref());
                w.optional("AttachmentName", file.name.as_deref());
            });
        }
    });
}

pub(super) fn files(w: &mut Writer, document: &Document) {
    for file in &document.attachments {
        w.element("Attachment", &[], |w| {
            w.optional("ContentId", content_id(file.id.as_deref()).as_deref());
            w.optional("AttachmentName", file.name.as_deref());
            w.optional("Description", file.description.as_deref());
            w.optional("ContentType", file.content_type.as_deref());
            w.optional("ContentTransferEncoded", Some(&base64::encode(&file.content)));
        });
    }
}

fn content_id(id: Option<&str>) -> Option<String> {
    id.map(|id| format!("cid:{id}"))
}
