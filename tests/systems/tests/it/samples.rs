//! The sample packets hold the oddities they are named for, and the agent takes every one.

use base64::{Engine, engine::general_purpose::STANDARD};
use nhip_systems::samples;

use crate::support::{Caller, vxp};

const NAMESPACE: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";

fn text(bytes: &'static [u8]) -> &'static str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn each_sample_has_its_quirk() {
    let cases: [(&'static [u8], &[&str]); 12] = [
        (samples::NEW_DOCUMENT, &["<edXML:edXML xmlns:edXML=", "<edXML:BussinessDocType>0<", "application/zip"]),
        (samples::TWO_ATTACHMENTS, &["<edXML xmlns=", "<ResponseFor>", "application/octet-stream", "phụ lục số 1.bin"]),
        (
            samples::UPDATE,
            &["PromulgationDate>07/05/2024<", "BussinessDocType>2<", "ReceiverType>1<", "ReceiverType>0<"],
        ),
        (samples::RECALL, &["BussinessDocType>1<", "Paper>1<"]),
        (samples::REPLACE, &["BussinessDocType>3<", "ReplacementInfoList>", "OrganIdList>"]),
        (samples::STATUS_05, &["StatusCode>05<", "ResponseFor>", "Timestamp>2024/05/10 16:45:00<"]),
        (samples::STATUS_15, &["<StatusCode>15<", "<edXML xmlns="]),
        (samples::IMPOSSIBLE_DATE, &["PromulgationDate>2014/02/30<", "DueDate>2014/02/30<"]),
        (samples::SIGNATURE_WITHOUT_NAMESPACE, &["<Signature>", "<SignedInfo>", "xmldsig#rsa-sha1", "xmldsig#sha1"]),
        (samples::ODD_ORDER_AND_EMPTY, &["Appendixes/>", "<edXML:FullName/>", "<edXML:Signature/>"]),
        (samples::OLD_MANIFEST, &["xlink:href=\"cid:78.doc\""]),
        (samples::FOREIGN_DOCUMENT_ID, &["BussinessDocType>0<", "000.00.00.G99,2023/01/01,1/BTN-VP<"]),
    ];
    assert_eq!(cases.len(), samples::ALL.len());
    for (bytes, quirks) in cases {
        let sample = text(bytes);
        assert!(sample.contains(NAMESPACE));
        for quirk in quirks {
            assert!(sample.contains(quirk), "{quirk} is not in\n{sample}");
        }
    }
    let odd = text(samples::ODD_ORDER_AND_EMPTY);
    assert!(odd.find("</edXML:OtherInfo>").unwrap() < odd.find("<edXML:SteeringType>").unwrap());
    assert!(!text(samples::STATUS_05).contains("edXMLBody"));
    assert!(!text(samples::SIGNATURE_WITHOUT_NAMESPACE).contains("<ds:"));
}

#[test]
fn attachments_declared_as_zip_are_zip() {
    let (mut zips, mut others) = (0, 0);
    for (name, bytes) in samples::ALL {
        let sample = text(bytes);
        for attachment in sample.split("Attachment>").filter(|part| part.contains("ContentTransferEncoded>")) {
            let encoded = attachment.split("ContentTransferEncoded>").nth(1).unwrap();
            let encoded: String = encoded.split('<').next().unwrap().split_whitespace().collect();
            let decoded = STANDARD.decode(encoded).unwrap();
            if attachment.contains("application/zip") {
                zips += 1;
                assert!(decoded.starts_with(b"PK\x03\x04"), "{name}");
                assert!(decoded.windows(4).any(|w| w == b"PK\x05\x06"), "{name}: no end of central directory");
            } else {
                others += 1;
                assert!(decoded.contains(&0) && decoded.contains(&255), "{name}");
            }
        }
    }
    assert_eq!((zips, others), (6, 1));
}

#[tokio::test]
async fn the_agent_takes_every_sample_and_returns_it_byte_for_byte() {
    let vxp = vxp().await;
    for (name, bytes) in samples::ALL {
        let sender = if text(bytes).contains("<edXML:From>\n          <edXML:OrganId>000.00.00.H99")
            || text(bytes).contains("<From>\n          <OrganId>000.00.00.H99")
        {
            ("vxp-mauson", "000.00.00.H99")
        } else if text(bytes).contains("From>\n          <OrganId>000.00.00.H98")
            || text(bytes).contains("From>\n          <edXML:OrganId>000.00.00.H98")
        {
            ("vxp-binhgia", "000.00.00.H98")
        } else {
            ("vxp-bothunghiem", "000.00.00.G99")
        };
        let caller = Caller::new(&vxp, sender.0);
        let kind = if name.starts_with("status") { "status" } else { "edoc" };
        let answer = caller.send(bytes, &[("from", sender.1), ("messagetype", kind)]).await;
        assert_eq!(answer["status"], "OK", "{name}: {answer}");
        assert_eq!(vxp.stored(answer["DocId"].as_str().unwrap()).unwrap(), *bytes);
    }
    // Recipients came from the packets themselves, as no `to` was given.
    let mut received = 0;
    for system in ["vxp-mauson", "vxp-binhgia", "vxp-bothunghiem"] {
        let caller = Caller::new(&vxp, system);
        for row in caller.inbox(&[]).await {
            received += 1;
            let bytes = caller.fetch(row["docId"].as_str().unwrap()).await;
            assert!(samples::ALL.iter().any(|(_, sample)| *sample == bytes));
        }
    }
    assert_eq!(received, 14, "12 samples, two of them for two receivers");
}
