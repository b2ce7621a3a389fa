//! The files: the manifest in the body, and the bytes beside the envelope, brought together by their ids.

use forms::base64;

use super::fields::Fields;
use crate::{Attachment, ReadError, WarningCode, XLINK_NAMESPACE};

/// What the manifest says of a file.
#[derive(Default, PartialEq)]
struct Reference {
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    content_type: Option<String>,
}

/// The files in `AttachmentEncoded`, completed by the manifest. An entry of the manifest without its file, and a file without
/// its entry, are warned of.
pub(super) fn attachments(
    root: &mut Fields<'_, '_, '_>,
    envelope: &mut Fields<'_, '_, '_>,
) -> Result<Vec<Attachment>, ReadError> {
    let mut references = Vec::new();
    if let Some(mut body) = envelope.one("edXMLBody")? {
        if let Some(mut manifest) = body.one("edXMLManifest")? {
            references = manifest.groups("Reference", reference)?;
            manifest.finish();
        }
        body.finish();
    }
    let mut found = Vec::new();
    if let Some(mut encoded) = root.one("AttachmentEncoded")? {
        for mut fields in encoded.many("Attachment") {
            let mut file = attachment(&mut fields)?;
            if file.id.is_some() && found.iter().any(|other: &Attachment| other.id == file.id) {
                fields.warn(WarningCode::AttachmentMismatch, "another file has the same `ContentId`");
            }
            complete(&mut file, &mut references, &fields);
            for (name, value) in [("AttachmentName", &file.name), ("ContentType", &file.content_type)] {
                if value.is_none() {
                    fields.warn(WarningCode::MissingElement, format!("`{name}` is absent or empty"));
                }
            }
            fields.finish();
            found.push(file);
        }
        encoded.finish();
    }
    for reference in references {
        let id = reference.id.unwrap_or_default();
        root.warn(
            WarningCode::AttachmentMissing,
            format!("the manifest names the file `{id}`, which is not in the packet"),
        );
    }
    Ok(found)
}

fn reference(fields: &mut Fields<'_, '_, '_>) -> Result<Reference, ReadError> {
    let link = fields.element.attribute(XLINK_NAMESPACE, "href");
    let link = link.map(|text| text.trim().to_owned());
    let id = fields.text("ContentId")?.or(link);
    Ok(Reference {
        id: id.map(bare).filter(|id| !id.is_empty()),
        name: fields.text("AttachmentName")?,
        description: fields.text("Description")?,
        content_type: fields.text("ContentType")?,
    })
}

fn attachment(fields: &mut Fields<'_, '_, '_>) -> Result<Attachment, ReadError> {
    let mut content = Vec::new();
    match fields.one("ContentTransferEncoded")? {
        Some(encoded) => {
            let text = Some(&encoded.element.text).filter(|_| encoded.element.children.is_empty());
            content = text
                .and_then(|text| base64::decode(text))
                .ok_or_else(|| encoded.mistake("the content of the file is not base64"))?;
        }
        None => fields
            .warn(WarningCode::MissingElement, "the file has no content: `ContentTransferEncoded` is absent or empty"),
    }
    Ok(Attachment {
        id: fields.text("ContentId")?.map(bare).filter(|id| !id.is_empty()),
        name: fields.text("AttachmentName")?,
        description: fields.text("Description")?,
        content_type: fields.text("ContentType")?,
        content,
    })
}

/// Take what the manifest says of the file, and warn where the two differ. The file's own values win.
fn complete(file: &mut Attachment, references: &mut Vec<Reference>, fields: &Fields<'_, '_, '_>) {
    let at = references.iter().position(|reference| reference.id == file.id);
    let Some(at) = at.filter(|_| file.id.is_some()) else {
        fields.warn(WarningCode::ReferenceMissing, "the manifest does not name this file");
        return;
    };
    let reference = references.remove(at);
    let pairs = [
        ("AttachmentName", &mut file.name, reference.name),
        ("Description", &mut file.description, reference.description),
        ("ContentType", &mut file.content_type, reference.content_type),
    ];
    for (name, own, listed) in pairs {
        match (&own, listed) {
            (Some(own), Some(listed)) if **own != listed => {
                fields.warn(WarningCode::AttachmentMismatch, format!("`{name}` is another one in the manifest"))
            }
            (None, listed) => *own = listed,
            _ => {}
        }
    }
}

/// An id without its scheme.
fn bare(id: String) -> String {
    match id.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("cid:") => id.get(4..).unwrap_or_default().to_owned(),
        _ => id,
    }
}
