//! Requests to the register: checked, then written as SOAP. Every check names the member at fault, never its value.

use forms::Date;
use guest::dates::BirthDate;
use guest::endpoints::{Header, Request};
use guest::exchange::Context;
use guest::fault;
use guest::faults::{Fault, FaultCode};
use xml::Writer;

use crate::Settings;
use crate::contract::{IdentityNumber, Officer};
use crate::name::tidy;

/// The namespace of requests, their fields included.
const NAMESPACE: &str = "http://dancuquocgia.bca";
/// The longest text accepted for one field, in characters.
const LONGEST: usize = 250;

/// Who asks, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) officer: &'a Officer,
    pub(crate) purpose: Option<&'a str>,
    pub(crate) request_code: Option<&'a str>,
}

/// Whom is asked about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// The member of the request that holds these, for messages.
    pub(crate) member: &'static str,
    pub(crate) number: &'a IdentityNumber,
    pub(crate) full_name: &'a str,
    pub(crate) birth: &'a BirthDate,
}

/// The request for one operation.
pub(crate) fn request(
    settings: &Settings<'_>,
    exchange: &Context,
    operation: &'static str,
    asker: Asker<'_>,
    subject: Subject<'_>,
) -> Result<Request, Fault> {
    let accounting = accounting(settings, exchange, asker)?;
    let (number_field, number) = number(subject)?;
    let full_name = text(subject.member, "fullName", subject.full_name)?;
    let (birth_field, birth) = birth(subject)?;
    let body = soap::write(|w: &mut Writer| {
        w.element(operation, &[("xmlns", NAMESPACE)], |w| {
            for (field, value) in &accounting {
                w.optional(field, Some(value));
            }
            w.leaf(number_field, &number);
            w.leaf("HoVaTen", &tidy(full_name));
            w.element("NgayThangNamSinh", &[], |w| w.leaf(birth_field, &birth));
        });
    });
    let body = body.map_err(|wrong| {
        let path = wrong.path;
        fault(FaultCode::Internal, format!("the value for `{path}` cannot be written as XML"))
    })?;
    let header = |name: &str, value: &str| Header { name: name.to_owned(), value: value.to_owned() };
    Ok(Request {
        method: "POST".to_owned(),
        path: settings.path.clone(),
        headers: vec![
            header("content-type", soap::CONTENT_TYPE),
            header("accept", "text/xml"),
            header("soapaction", &settings.soap_action),
        ],
        body,
        timeout_ms: None,
    })
}

/// The fields that say who asks and why, in the order of the service.
fn accounting(
    settings: &Settings<'_>,
    exchange: &Context,
    asker: Asker<'_>,
) -> Result<[(&'static str, String); 7], Fault> {
    let officer = asker.officer;
    let purpose = purpose(exchange.purpose.as_deref(), asker.purpose)?;
    let account = text("officer", "account", &officer.account)?;
    let code = text("officer", "code", &officer.code)?;
    let unit = filled(officer.unit.as_deref()).or(settings.unit_code.as_deref());
    let Some(unit) = unit else {
        return Err(invalid("`officer.unit` is missing, and the operator has configured no `unit-code`"));
    };
    let request_code = filled(asker.request_code).unwrap_or(&exchange.id);
    Ok([
        ("MaYeuCau", text("request", "requestCode", request_code)?.to_owned()),
        ("MaDVC", settings.service_code(purpose)?),
        ("MaTichHop", settings.integration_code.clone()),
        ("MaCanBo", code.to_owned()),
        ("MaDonVi", text("officer", "unit", unit)?.to_owned()),
        ("TaiKhoan", account.to_owned()),
        ("SoDienThoai", text_or_none("officer", "phone", officer.phone.as_deref())?),
    ])
}

/// The one purpose of the exchange and the request. The gateway has recorded the first, the register will record the second.
fn purpose<'a>(of_exchange: Option<&'a str>, of_request: Option<&'a str>) -> Result<&'a str, Fault> {
    match (filled(of_exchange), filled(of_request)) {
        (Some(one), Some(other)) if one != other => {
            Err(invalid("`purpose` is not the purpose that the exchange carries"))
        }
        (Some(purpose), _) | (None, Some(purpose)) => text("request", "purpose", purpose),
        (None, None) => Err(invalid("`purpose` is missing: the register demands to know why it is asked")),
    }
}

fn number(subject: Subject<'_>) -> Result<(&'static str, String), Fault> {
    let (field, name, number, lengths): (_, _, _, &[usize]) = match subject.number {
        IdentityNumber::PersonalId(number) => {
            ("SoDinhDanh", "a personal identification number has 12 digits", number, &[12])
        }
        IdentityNumber::IdentityCard(number) => {
            ("SoCMND", "the number of an identity card has 9 or 12 digits", number, &[9, 12])
        }
    };
    let number = number.trim();
    if !lengths.contains(&number.len()) || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid(format!("`{}.number` is not one: {name}", subject.member)));
    }
    Ok((field, number.to_owned()))
}

fn birth(subject: Subject<'_>) -> Result<(&'static str, String), Fault> {
    match subject.birth {
        BirthDate::Year(year) if (1850..=2200).contains(year) => Ok(("Nam", year.to_string())),
        BirthDate::Year(_) => Err(invalid(format!("`{}.birth` is not a year of birth", subject.member))),
        BirthDate::Date(date) => match Date::iso(date) {
            Some(date) => Ok(("NgayThangNam", date.to_compact())),
            None => Err(invalid(format!("`{}.birth` is not a date of the calendar (`yyyy-MM-dd`)", subject.member))),
        },
    }
}

/// A text that must be there.
fn text<'a>(of: &str, member: &str, value: &'a str) -> Result<&'a str, Fault> {
    let value = value.trim();
    if value.is_empty() {
        return Err(invalid(format!("`{of}.{member}` is blank")));
    }
    if value.chars().any(char::is_control) {
        return Err(invalid(format!("`{of}.{member}` holds a control character")));
    }
    if value.chars().count() > LONGEST {
        return Err(invalid(format!("`{of}.{member}` is longer than {LONGEST} characters")));
    }
    Ok(value)
}

fn text_or_none(of: &str, member: &str, value: Option<&str>) -> Result<String, Fault> {
    filled(value).map_or(Ok(String::new()), |value| text(of, member, value).map(str::to_owned))
}

fn filled(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !value.is_empty())
}

fn invalid(message: impl Into<String>) -> Fault {
    fault(FaultCode::InvalidInput, message)
}
