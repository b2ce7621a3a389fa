//! Oddities of the field, each read as the table at the top of the crate says.

use forms::Date;

use crate::{Document, NAMESPACE, Packet, Warning, WarningCode, Written};

/// A packet with these pieces in it.
fn packet(message: &str, traces: &str, header: &str, body: &str, files: &str) -> String {
    format!(
        "<edXML xmlns=\"{NAMESPACE}\" xmlns:e=\"{NAMESPACE}\"><e:edXMLEnvelope><edXMLHeader><MessageHeader>{message}\
         <From><OrganId>H40</OrganId></From><To><OrganId>G22</OrganId></To><DocumentId>d</DocumentId><Subject>s</Subject>\
         </MessageHeader><TraceHeaderList>{traces}</TraceHeaderList>{header}</edXMLHeader>\
         <edXMLBody><edXMLManifest>{body}</edXMLManifest></edXMLBody></e:edXMLEnvelope>\
         <AttachmentEncoded>{files}</AttachmentEncoded></edXML>"
    )
}

fn read(text: &str) -> (Document, Vec<Warning>) {
    match Packet::read(text.as_bytes()) {
        Ok((Packet::Document(document), warnings)) => (*document, warnings),
        other => panic!("{other:?}"),
    }
}

fn codes(warnings: &[Warning]) -> Vec<WarningCode> {
    warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn both_forms_of_a_date_and_an_impossible_one() {
    for (text, day) in [("2020/04/05", 5), ("05/04/2020", 5), ("2020/4/6", 6)] {
        let (document, warnings) = read(&packet(&format!("<DueDate>{text}</DueDate>"), "", "", "", ""));
        assert_eq!(document.due_date, Some(Written::Value(Date::new(2020, 4, day).unwrap())));
        assert_eq!(warnings, []);
    }
    let (document, warnings) = read(&packet("<DueDate> 2014/02/30\n</DueDate>", "", "", "", ""));
    assert_eq!(document.due_date, Some(Written::Text("2014/02/30".into())));
    assert_eq!(codes(&warnings), [WarningCode::BadDate]);
    assert_eq!(warnings[0].path, "edXML/edXMLEnvelope/edXMLHeader/MessageHeader/DueDate");
    assert_eq!(warnings[0].place.line, 1);
}

#[test]
fn empty_elements_are_absent() {
    let message = "<Content/><SignerInfo><Position> \n </Position><FullName/></SignerInfo><ResponseFor><Code/></ResponseFor>\
                   <OtherInfo><Priority></Priority><Appendixes><Appendix/></Appendixes></OtherInfo><ToPlaces><Place/></ToPlaces>";
    let (document, warnings) =
        read(&packet(message, "<TraceHeader/><Bussiness><Paper/></Bussiness>", "<Signature/>", "", ""));
    assert_eq!(warnings, []);
    let (bare, _) = read(&packet("", "", "", "", ""));
    assert_eq!(document, bare);
}

#[test]
fn a_signature_keeps_every_byte() {
    let xml = "<e:Signature  Id='x'><!-- c --><SignatureMethod Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"/>\r\n</e:Signature>";
    let (document, warnings) = read(&packet("", "", xml, "", ""));
    assert_eq!(codes(&warnings), [WarningCode::SignatureNamespace]);
    let signature = document.signature.clone().unwrap();
    assert_eq!(signature.xml, xml);
    let bytes = Packet::Document(Box::new(document)).write().unwrap();
    assert!(String::from_utf8(bytes).unwrap().contains(xml));
    let own = xml.replace("e:Signature", "Signature").replace("Id='x'", "xmlns='http://www.w3.org/2000/09/xmldsig#'");
    let (document, warnings) = read(&packet("", "", &own, "", ""));
    assert_eq!(warnings, []);
    assert_eq!(document.signature.unwrap().xml, own);
}

#[test]
fn a_signature_of_another_namespace_is_unknown() {
    let (document, warnings) = read(&packet("", "", "<Signature xmlns='urn:other'>x</Signature>", "", ""));
    assert_eq!(document.signature, None);
    assert_eq!(codes(&warnings), [WarningCode::UnknownElement]);
}

#[test]
fn the_older_manifest_and_base64_with_blanks() {
    let body = "<Reference xmlns:l='http://www.w3.org/1999/xlink' l:href='CID:f'><AttachmentName>n</AttachmentName><ContentType>t</ContentType></Reference>";
    let files = "<Attachment><ContentTransferEncoded>\n AP8\r\n= </ContentTransferEncoded><ContentId>cid:f</ContentId></Attachment>";
    let (document, warnings) = read(&packet("", "", "", body, files));
    assert_eq!(warnings, []);
    let file = &document.attachments[0];
    assert_eq!((file.id.as_deref(), file.name.as_deref(), &*file.content), (Some("f"), Some("n"), &[0, 255][..]));
}

#[test]
fn a_manifest_that_disagrees_with_the_files() {
    let file = |id: &str| {
        format!(
            "<Attachment><ContentId>{id}</ContentId><AttachmentName>a</AttachmentName><ContentType>t</ContentType><ContentTransferEncoded>AA==</ContentTransferEncoded></Attachment>"
        )
    };
    let entry =
        |id: &str| format!("<Reference><ContentId>{id}</ContentId><AttachmentName>b</AttachmentName></Reference>");
    let (document, warnings) =
        read(&packet("", "", "", &[entry("1"), entry("2")].concat(), &[file("1"), file("3"), file("3")].concat()));
    assert_eq!(document.attachments.len(), 3);
    assert_eq!(document.attachments[0].name.as_deref(), Some("a"));
    assert_eq!(
        codes(&warnings),
        [
            WarningCode::AttachmentMismatch,
            WarningCode::ReferenceMissing,
            WarningCode::AttachmentMismatch,
            WarningCode::ReferenceMissing,
            WarningCode::AttachmentMissing,
        ]
    );
    assert_eq!(warnings[1].path, "edXML/AttachmentEncoded/Attachment[2]");
    assert!(warnings[4].message.contains("`2`"));
}

#[test]
fn unknown_elements_stray_text_and_unknown_codes() {
    let message = "<New>x</New>text<SteeringType>9</SteeringType><Content xmlns='urn:other'>x</Content>";
    let (document, warnings) = read(&packet(message, "", "", "", ""));
    assert_eq!(document.steering.as_deref(), Some("9"));
    assert_eq!(document.content, None);
    let expected =
        [WarningCode::UnknownCode, WarningCode::UnknownElement, WarningCode::UnknownElement, WarningCode::StrayText];
    assert_eq!(codes(&warnings), expected);
}

#[test]
fn a_new_document_that_names_another() {
    let traces = |kind: &str| {
        format!("<Bussiness><DocumentId>other</DocumentId><BussinessDocType>{kind}</BussinessDocType></Bussiness>")
    };
    let (document, warnings) = read(&packet("", &traces("0"), "", "", ""));
    assert_eq!(document.business.unwrap().document_id.as_deref(), Some("other"));
    assert_eq!(codes(&warnings), [WarningCode::ForeignDocumentId]);
    assert_eq!(read(&packet("", &traces("1"), "", "", "")).1, []);
}

#[test]
fn a_flood_of_oddities_is_counted_not_listed() {
    let (_, warnings) = read(&packet(&"<x/>".repeat(1_000), "", "", "", ""));
    assert_eq!(warnings.len(), 100);
    assert!(warnings[99].message.contains("900 more"), "{}", warnings[99].message);
}
