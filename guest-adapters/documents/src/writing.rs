//! From the records of the contract to a packet. Blank texts become absent ones; a date that does not exist, or a code
//! that is not in its table, is refused by name.

use edxml::Written;
use forms::{Date, Time};
use guest::attachments::Attachment;
use guest::dates::{WrittenDate, WrittenTime};
use guest::fault;
use guest::faults::{Fault, FaultCode};
use guest::organs::Organ;

use crate::codes::Codes;
use crate::packets::{self, Business, Document, OtherInfo, ResponseFor, Staff, StatusReport};

/// What a check gives.
pub(crate) type Checked<T> = Result<T, Fault>;

/// The packet's document. What the adapter completes is left absent here.
pub(crate) fn document(given: Document, codes: &Codes) -> Checked<edxml::Document> {
    let promulgation = given.promulgation.map(|found| {
        Ok::<_, Fault>(edxml::Promulgation {
            place: filled(found.place),
            date: date("document.promulgation.date", found.date)?,
        })
    });
    Ok(edxml::Document {
        sender: organ(given.sender),
        recipients: given.recipients.into_iter().map(organ).collect(),
        id: filled(given.id),
        code: given
            .code
            .map(|code| edxml::DocumentCode { number: filled(code.number), notation: filled(code.notation) }),
        promulgation: promulgation.transpose()?,
        document_type: given.document_type.map(|kind| edxml::DocumentType {
            code: filled(kind.code),
            detail: filled(kind.detail),
            name: filled(kind.name),
        }),
        subject: filled(given.subject),
        content: filled(given.content),
        signer: given.signer.map(|signer| edxml::Signer {
            competence: filled(signer.competence),
            position: filled(signer.position),
            full_name: filled(signer.full_name),
        }),
        due_date: date("document.dueDate", given.due_date)?,
        other_info: given.other_info.map(|info| other_info(info, codes)).transpose()?,
        responses: given
            .responses
            .into_iter()
            .map(|earlier| response_for("document.responses", earlier))
            .collect::<Checked<_>>()?,
        steering: codes.steering.take("document.steering", given.steering)?,
        to_places: given.to_places.into_iter().filter_map(|place| filled(Some(place))).collect(),
        traces: given.traces.into_iter().map(trace).collect::<Checked<_>>()?,
        business: given.business.map(|found| business(found, codes)).transpose()?,
        signature: given.signature.map(signature).transpose()?,
        attachments: given.attachments.into_iter().enumerate().map(attachment).collect::<Checked<_>>()?,
    })
}

/// The packet's report.
pub(crate) fn status(given: StatusReport, codes: &Codes) -> Checked<edxml::StatusReport> {
    let Some(status) = codes.status.take("report.status", Some(given.status))? else {
        return Err(invalid("`report.status` is missing"));
    };
    Ok(edxml::StatusReport {
        sender: organ(given.sender),
        response_for: response_for("report.responseFor", given.response_for)?,
        staff: given.staff.map(staff),
        status,
        description: filled(given.description),
        time: time("report.time", given.time)?,
    })
}

fn organ(given: Organ) -> edxml::Organ {
    edxml::Organ {
        code: given.code.trim().to_owned(),
        in_charge: filled(given.in_charge),
        name: filled(given.name),
        address: filled(given.address),
        email: filled(given.email),
        telephone: filled(given.telephone),
        fax: filled(given.fax),
        website: filled(given.website),
    }
}

fn staff(given: Staff) -> edxml::Staff {
    edxml::Staff {
        department: filled(given.department),
        name: filled(given.name),
        email: filled(given.email),
        mobile: filled(given.mobile),
    }
}

fn other_info(given: OtherInfo, codes: &Codes) -> Checked<edxml::OtherInfo> {
    Ok(edxml::OtherInfo {
        priority: codes.priority.take("document.otherInfo.priority", given.priority)?,
        sphere: filled(given.sphere),
        typer_notation: filled(given.typer_notation),
        copies: filled(given.copies),
        pages: filled(given.pages),
        direction: filled(given.direction),
        appendixes: given.appendixes.into_iter().filter_map(|name| filled(Some(name))).collect(),
    })
}

fn response_for(member: &str, given: ResponseFor) -> Checked<edxml::ResponseFor> {
    Ok(edxml::ResponseFor {
        organ: filled(given.organ),
        code: filled(given.code),
        document_id: filled(given.document_id),
        date: date(&format!("{member}.date"), given.date)?,
    })
}

fn trace(given: packets::Trace) -> Checked<edxml::Trace> {
    Ok(edxml::Trace { organ: filled(given.organ), time: time("document.traces.time", given.time)? })
}

fn business(given: Business, codes: &Codes) -> Checked<edxml::Business> {
    let change = given.change.map(|change| {
        let receiver = |given: packets::ReceiverChange| {
            let organ = filled(Some(given.organ));
            let Some(organ) = organ else {
                return Err(invalid("`document.business.change.receivers.organ` is blank"));
            };
            let kind = codes.receiver.take("document.business.change.receivers.kind", given.kind)?;
            Ok(edxml::ReceiverChange { organ, kind })
        };
        Ok::<_, Fault>(edxml::DocumentChange {
            document_info: filled(change.document_info),
            document_receiver: filled(change.document_receiver),
            receivers: change.receivers.into_iter().map(receiver).collect::<Checked<_>>()?,
        })
    });
    let replacement = |given: packets::Replacement| edxml::Replacement {
        document_id: filled(given.document_id),
        organs: given.organs.into_iter().filter_map(|organ| filled(Some(organ))).collect(),
    };
    Ok(edxml::Business {
        document_id: filled(given.document_id),
        kind: codes.business.take("document.business.kind", given.kind)?,
        reason: filled(given.reason),
        paper: codes.paper.take("document.business.paper", given.paper)?,
        change: change.transpose()?,
        staff: given.staff.map(staff),
        replacements: given.replacements.into_iter().map(replacement).collect(),
    })
}

/// A signature as given. Unprefixed names in it are those of edXML, unless it declares another namespace itself.
fn signature(bytes: Vec<u8>) -> Checked<edxml::Signature> {
    let Ok(xml) = String::from_utf8(bytes) else {
        return Err(invalid("`document.signature` is not UTF-8"));
    };
    Ok(edxml::Signature { xml, scope: vec![(String::new(), edxml::NAMESPACE.to_owned())] })
}

fn attachment((at, given): (usize, Attachment)) -> Checked<edxml::Attachment> {
    let needed = |member: &str, text: String| match filled(Some(text)) {
        Some(text) => Ok(Some(text)),
        None => Err(invalid(format!("`document.attachments/{at}.{member}` is blank"))),
    };
    Ok(edxml::Attachment {
        id: filled(given.id),
        name: needed("name", given.name)?,
        description: filled(given.description),
        content_type: needed("contentType", given.content_type)?,
        content: given.content,
    })
}

fn filled(text: Option<String>) -> Option<String> {
    let text = text?;
    let trimmed = text.trim();
    match trimmed.len() {
        0 => None,
        length if length == text.len() => Some(text),
        _ => Some(trimmed.to_owned()),
    }
}

fn date(member: &str, given: Option<WrittenDate>) -> Checked<Option<Written<Date>>> {
    match given {
        None => Ok(None),
        Some(WrittenDate::Date(text)) => match Date::iso(text.trim()) {
            Some(date) => Ok(Some(Written::Value(date))),
            None => Err(invalid(format!("`{member}` is not a date of the calendar (`yyyy-MM-dd`)"))),
        },
        Some(WrittenDate::Text(_)) => {
            Err(invalid(format!("`{member}` must be a date of the calendar when sending, not a text")))
        }
    }
}

fn time(member: &str, given: Option<WrittenTime>) -> Checked<Option<Written<Time>>> {
    match given {
        None => Ok(None),
        Some(WrittenTime::Time(text)) => match Time::iso(text.trim()) {
            Some(time) => Ok(Some(Written::Value(time))),
            None => Err(invalid(format!("`{member}` is not a time (`yyyy-MM-ddTHH:mm:ss`, without offset)"))),
        },
        Some(WrittenTime::Text(_)) => Err(invalid(format!("`{member}` must be a time when sending, not a text"))),
    }
}

fn invalid(message: impl Into<String>) -> Fault {
    fault(FaultCode::InvalidInput, message)
}
