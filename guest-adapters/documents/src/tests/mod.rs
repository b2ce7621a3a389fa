//! The adapter against a scripted host.

mod fetching;
mod listing;
mod manifest;
mod sending;

use guest::attachments::Attachment;
use guest::dates::WrittenDate;
use guest::fake::Fake;
use guest::organs::Organ;

use crate::Axis;
use crate::packets::{Document, DocumentCode, OtherInfo, Promulgation, ResponseFor, StatusReport};

pub(crate) fn axis(host: &Fake) -> Axis<'_> {
    Axis::new(host, host).unwrap()
}

/// A host whose agent answers this JSON.
pub(crate) fn answering(json: &str) -> Fake {
    Fake::answering(200, "application/json", json)
}

pub(crate) fn organ(code: &str) -> Organ {
    Organ {
        code: code.into(),
        in_charge: None,
        name: Some(format!("Cơ quan {code}")),
        address: Some(" ".into()),
        email: None,
        telephone: None,
        fax: None,
        website: None,
    }
}

pub(crate) fn document() -> Document {
    Document {
        sender: organ("000.00.00.H99"),
        recipients: vec![organ("000.00.00.G99"), organ("H98.01"), organ("H98.01")],
        id: None,
        code: Some(DocumentCode { number: Some("15".into()), notation: Some("UBND-KGVX".into()) }),
        promulgation: Some(Promulgation {
            place: Some("Mẫu Sơn".into()),
            date: Some(WrittenDate::Date("2024-05-06".into())),
        }),
        document_type: None,
        subject: Some("V/v thử nghiệm <A&B>".into()),
        content: None,
        signer: None,
        due_date: None,
        other_info: Some(OtherInfo {
            priority: Some("1".into()),
            sphere: None,
            typer_notation: None,
            copies: None,
            pages: None,
            direction: None,
            appendixes: vec![],
        }),
        responses: vec![],
        steering: Some("2".into()),
        to_places: vec!["Như trên".into()],
        traces: vec![],
        business: None,
        signature: None,
        attachments: vec![Attachment {
            id: None,
            name: "15.pdf".into(),
            content_type: "application/zip".into(),
            description: None,
            content: (0..=255).collect(),
        }],
    }
}

pub(crate) fn report() -> StatusReport {
    StatusReport {
        sender: organ("H98.01"),
        response_for: ResponseFor {
            organ: Some("000.00.00.H99".into()),
            code: Some("15/UBND-KGVX".into()),
            document_id: Some("000.00.00.H99,2024/05/06,15/UBND-KGVX".into()),
            date: None,
        },
        staff: None,
        status: "03".into(),
        description: Some("Đã tiếp nhận".into()),
        time: None,
    }
}
