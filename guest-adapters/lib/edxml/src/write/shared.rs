//! What documents and reports have in common.

use xml::Writer;

use crate::{Organ, ResponseFor, Staff};

pub(super) fn organ(w: &mut Writer, name: &'static str, organ: &Organ) {
    w.element(name, &[], |w| {
        w.leaf("OrganId", &organ.code);
        w.optional("OrganizationInCharge", organ.in_charge.as_deref());
        w.optional("OrganName", organ.name.as_deref());
        w.optional("OrganAdd", organ.address.as_deref());
        w.optional("Email", organ.email.as_deref());
        w.optional("Telephone", organ.telephone.as_deref());
        w.optional("Fax", organ.fax.as_deref());
        w.optional("Website", organ.website.as_deref());
    });
}

pub(super) fn response_for(w: &mut Writer, earlier: &ResponseFor) {
    let date = earlier.date.as_ref().map(|date| date.to_packet());
    w.element("ResponseFor", &[], |w| {
        w.optional("OrganId", earlier.organ.as_deref());
        w.optional("Code", earlier.code.as_deref());
        w.optional("DocumentId", earlier.document_id.as_deref());
        w.optional("PromulgationDate", date.as_deref());
    });
}

pub(super) fn staff(w: &mut Writer, staff: Option<&Staff>) {
    let Some(staff) = staff else { return };
    w.element("StaffInfo", &[], |w| {
        w.optional("Department", staff.department.as_deref());
        w.optional("Staff", staff.name.as_deref());
        w.optional("Email", staff.email.as_deref());
        w.optional("Mobile", staff.mobile.as_deref());
    });
}

/// A list of texts, if it has any.
pub(super) fn texts(w: &mut Writer, name: &'static str, item: &'static str, texts: &[String]) {
    if !texts.is_empty() {
        w.element(name, &[], |w| {
            for text in texts {
                w.optional(item, Some(text));
            }
        });
    }
}
