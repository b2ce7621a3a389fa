//! What is not edXML, and where; and packets that cannot be written.

use crate::{Attachment, Document, NAMESPACE, Organ, Packet, ReadError, Signature};

fn refused(text: &str) -> ReadError {
    match Packet::read(text.as_bytes()) {
        Err(error) => error,
        Ok(read) => panic!("accepted: {read:?}"),
    }
}

fn in_header(message: &str) -> String {
    format!(
        "<edXML xmlns=\"{NAMESPACE}\">\n<edXMLEnvelope>\n<edXMLHeader><MessageHeader>\n{message}</MessageHeader></edXMLHeader></edXMLEnvelope></edXML>"
    )
}

#[test]
fn other_documents_are_named() {
    assert!(refused("<html/>").message.contains("outermost element is `html`"));
    assert!(refused("<edXML/>").message.contains("the namespace is `none`"));
    assert!(refused("<edXML xmlns='urn:x'/>").message.contains("the namespace is `urn:x`"));
    assert!(refused("{\"status\":\"FAIL\"}").message.contains("this is not XML"));
    let error = refused(&format!("<edXML xmlns='{NAMESPACE}'/>"));
    assert_eq!(
        (error.path.as_str(), error.message.as_str()),
        ("edXML", "not edXML: `edXMLEnvelope` is absent or empty")
    );
}

#[test]
fn a_mistake_has_its_place() {
    let error = refused(&in_header("<From>\n  <OrganName>x</OrganName></From>"));
    assert_eq!((error.place.line, error.place.column), (4, 1));
    assert_eq!(error.path, "edXML/edXMLEnvelope/edXMLHeader/MessageHeader/From");
    assert!(error.to_string().starts_with("line 4, column 1, in `edXML/"), "{error}");
    let error = refused(&in_header("<From><OrganId>H40</OrganId></From>\n<Subject>a</Subject>\n<Subject>b</Subject>"));
    assert_eq!((error.place.line, error.place.column), (6, 1));
    assert!(error.path.ends_with("MessageHeader/Subject[2]") && error.message.contains("twice"));
}

#[test]
fn content_that_is_not_base64_is_refused() {
    let packet = in_header("<From><OrganId>H40</OrganId></From>").replace(
        "</edXML>",
        "<AttachmentEncoded><Attachment/><Attachment>\n<ContentTransferEncoded>a*b</ContentTransferEncoded></Attachment></AttachmentEncoded></edXML>",
    );
    let error = refused(&packet);
    assert_eq!(error.path, "edXML/AttachmentEncoded/Attachment[2]/ContentTransferEncoded");
    assert_eq!((error.place.line, error.place.column), (5, 1));
}

#[test]
fn entities_and_external_files_are_refused() {
    let xxe =
        format!("<!DOCTYPE edXML [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", in_header("<Subject>&x;</Subject>"));
    assert!(refused(&xxe).message.contains("DOCTYPE"));
    assert!(refused(&in_header("<Subject>&x;</Subject>")).message.contains("unknown entity"));
    let deep = in_header(&"<a>".repeat(1_000));
    assert!(refused(&deep).message.contains("deeper"));
}

fn document() -> Document {
    let organ = Organ { code: "H40".into(), ..Organ::default() };
    Document { sender: organ.clone(), recipients: vec![organ], ..Document::default() }
}

fn unwritable(document: Document) -> String {
    Packet::Document(Box::new(document)).write().unwrap_err().to_string()
}

#[test]
fn what_the_standard_cannot_carry_is_not_written() {
    let with_signature =
        |xml: &str| Document { signature: Some(Signature { xml: xml.into(), scope: vec![] }), ..document() };
    assert!(Packet::Document(Box::new(document())).write().is_ok());
    assert!(unwritable(Document { subject: Some("a\u{1}".into()), ..document() }).contains("MessageHeader/Subject"));
    assert!(unwritable(Document { recipients: vec![], ..document() }).starts_with("`To`"));
    let file = Attachment {
        id: Some("1".into()),
        name: Some("n".into()),
        content_type: Some("t".into()),
        ..Attachment::default()
    };
    let twice = vec![file.clone(), file.clone()];
    assert!(unwritable(Document { attachments: twice, ..document() }).contains("same `ContentId`"));
    let nameless = vec![Attachment { name: None, ..file }];
    assert!(unwritable(Document { attachments: nameless, ..document() }).contains("Attachment[1]/AttachmentName"));
    for bad in [
        "",
        "x",
        "<Signature/>",
        "<edXML:Signature>",
        "<edXML:Signature/><a/>",
        "<edXML:Signature/></edXML:h><edXML:h>",
        "<ds:Signature/>",
        "<edXML:Other/>",
        " <edXML:Signature/>",
    ] {
        assert!(unwritable(with_signature(bad)).starts_with("`Signature`"), "{bad}");
    }
    assert!(Packet::Document(Box::new(with_signature("<edXML:Signature/>"))).write().is_ok());
    let report = Packet::Status(Box::default());
    assert!(report.write().is_err());
}
