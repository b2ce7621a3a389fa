//! From the bytes of a packet to what the office's system is handed.

use edxml::Written;
use forms::Date;
use guest::dates::WrittenDate;
use guest::organs::Organ;

use crate::axis::RawPacket;
use crate::inbox::Incoming;
use crate::packets::{DocumentCode, DocumentType, Promulgation};

/// The document that a packet holds.
///
/// # Errors
/// Why the bytes are no document. It depends on nothing but the bytes, so it is certain.
pub(crate) fn entry(packet_id: &str, raw: RawPacket) -> Result<Incoming, String> {
    let document = match edxml::Packet::read(&raw.content) {
        Ok((edxml::Packet::Document(document), _)) => *document,
        Ok((edxml::Packet::Status(_), _)) => return Err("a status report among the documents".to_owned()),
        Err(mistake) => return Err(format!("not edXML ({mistake})")),
    };
    Ok(Incoming {
        packet_id: packet_id.to_owned(),
        document_id: document.id,
        sender: organ(document.sender),
        recipients: document.recipients.into_iter().map(organ).collect(),
        code: document.code.map(|code| DocumentCode { number: code.number, notation: code.notation }),
        promulgation: document
            .promulgation
            .map(|found| Promulgation { place: found.place, date: found.date.map(date) }),
        document_type: document.document_type.map(|kind| DocumentType {
            code: kind.code,
            detail: kind.detail,
            name: kind.name,
        }),
        subject: document.subject,
        due_date: document.due_date.map(date),
        priority: document.other_info.and_then(|info| info.priority),
        business: document.business.and_then(|business| business.kind),
        content: raw.content,
        sha256: raw.sha256,
    })
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

fn date(found: Written<Date>) -> WrittenDate {
    match found {
        Written::Value(date) => WrittenDate::Date(date.to_string()),
        Written::Text(text) => WrittenDate::Text(text),
    }
}
