//! The envelope and its header: which kind of packet it is, and where its parts are.

use super::fields::Fields;
use super::{attachment, business, document, shared};
use crate::codes::STATUS;
use crate::{NAMESPACE, Packet, ReadError, SIGNATURE_NAMESPACE, Signature, StatusReport, WarningCode};

/// The packet in the outermost element.
pub(super) fn packet(root: &mut Fields<'_, '_, '_>) -> Result<Packet, ReadError> {
    let mut envelope = root.required("edXMLEnvelope")?;
    let mut header = envelope.required("edXMLHeader")?;
    let mut message = header.required("MessageHeader")?;
    let packet = match shared::code(&mut message, "StatusCode", STATUS)? {
        Some(status) => Packet::Status(Box::new(report(&mut message, status)?)),
        None => {
            let mut document = document::letterhead(&mut message)?;
            if let Some(mut list) = header.one("TraceHeaderList")? {
                document.traces = list.groups("TraceHeader", business::trace)?;
                document.business = list.group("Bussiness", business::business)?;
                list.finish();
            }
            document.signature = signature(&mut header, &[root, &envelope])?;
            document.attachments = attachment::attachments(root, &mut envelope)?;
            document::check(&document, &message);
            Packet::Document(Box::new(document))
        }
    };
    message.finish();
    header.finish();
    envelope.finish();
    Ok(packet)
}

fn report(message: &mut Fields<'_, '_, '_>, status: String) -> Result<StatusReport, ReadError> {
    let mut from = message.required("From")?;
    let sender = shared::organ(&mut from)?;
    from.finish();
    let mut earlier = message.required("ResponseFor")?;
    let response_for = shared::response_for(&mut earlier)?;
    earlier.finish();
    Ok(StatusReport {
        sender,
        response_for,
        staff: message.group("StaffInfo", shared::staff)?,
        status,
        description: message.text("Description")?,
        time: shared::time(message, "Timestamp")?,
    })
}

/// The signature as it stands, with the namespaces in scope around it.
fn signature(header: &mut Fields<'_, '_, '_>, around: &[&Fields<'_, '_, '_>]) -> Result<Option<Signature>, ReadError> {
    let mut found = header.many_in(&[NAMESPACE, SIGNATURE_NAMESPACE], "Signature");
    if let Some(second) = found.get(1) {
        return Err(second.mistake("`Signature` stands twice"));
    }
    let Some(found) = found.pop() else {
        return Ok(None);
    };
    if found.element.namespace.as_deref() != Some(SIGNATURE_NAMESPACE) {
        found.warn(
            WarningCode::SignatureNamespace,
            "`Signature` is not in the namespace of XML-DSig; it is kept as it stands",
        );
    }
    let mut scope: Vec<(String, String)> = Vec::new();
    for level in around.iter().copied().chain([&*header]) {
        for (prefix, name) in &level.element.declared {
            scope.retain(|(known, _)| known != prefix);
            let is_writers_own = prefix == "edXML" && name == NAMESPACE;
            if !name.is_empty() && !is_writers_own {
                scope.push((prefix.clone(), name.clone()));
            }
        }
    }
    Ok(Some(Signature { xml: found.verbatim().to_owned(), scope }))
}
