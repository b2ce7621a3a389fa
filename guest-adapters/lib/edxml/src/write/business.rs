//! What a document does to an earlier one.

use xml::Writer;

use super::shared::{staff, texts};
use crate::Business;

pub(super) fn business(w: &mut Writer, business: &Business) {
    w.optional("DocumentId", business.document_id.as_deref());
    w.optional("BussinessDocType", business.kind.as_deref());
    w.optional("BussinessDocReason", business.reason.as_deref());
    w.optional("Paper", business.paper.as_deref());
    if let Some(change) = &business.change {
        w.element("BussinessDocumentInfo", &[], |w| {
            w.optional("DocumentInfo", change.document_info.as_deref());
            w.optional("DocumentReceiver", change.document_receiver.as_deref());
            if !change.receivers.is_empty() {
                w.element("ReceiverList", &[], |w| {
                    for receiver in &change.receivers {
                        w.element("Receiver", &[], |w| {
                            w.optional("OrganId", Some(&receiver.organ));
                            w.optional("ReceiverType", receiver.kind.as_deref());
                        });
                    }
                });
            }
        });
    }
    staff(w, business.staff.as_ref());
    if !business.replacements.is_empty() {
        w.element("ReplacementInfoList", &[], |w| {
            for replacement in &business.replacements {
                w.element("ReplacementInfo", &[], |w| {
                    w.optional("DocumentId", replacement.document_id.as_deref());
                    texts(w, "OrganIdList", "OrganId", &replacement.organs);
                });
            }
        });
    }
}
