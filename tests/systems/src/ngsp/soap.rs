//! SOAP 1.1 envelopes (<https://www.w3.org/TR/2000/NOTE-SOAP-20000508/>): opens requests, writes answers and faults.
//!
//! Invariant: whatever text goes into an answer is escaped; a fault always carries HTTP 500 (section 6.2).

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header::CONTENT_TYPE};
use quick_xml::escape::escape;

use crate::xml::{self, Element};

const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const CONTENT: &str = "text/xml; charset=utf-8";

/// Codes in the `detail` of the register's faults. Our own proposal: the real ones are not published.
pub mod codes {
    /// `ApiKey` is missing or wrong.
    pub const WRONG_KEY: &str = "WRONG_KEY";
    /// Not well-formed XML, or not a SOAP envelope.
    pub const MALFORMED: &str = "MALFORMED";
    /// The envelope is of another SOAP version.
    pub const VERSION: &str = "VERSION";
    /// The operation is not in the register's namespace.
    pub const WRONG_NAMESPACE: &str = "WRONG_NAMESPACE";
    /// There is no such operation.
    pub const UNKNOWN_OPERATION: &str = "UNKNOWN_OPERATION";
    /// A mandatory field is missing or empty.
    pub const MISSING_FIELD: &str = "MISSING_FIELD";
    /// A field is repeated or malformed.
    pub const BAD_FIELD: &str = "BAD_FIELD";
}

/// A SOAP fault to be answered.
#[derive(Debug)]
pub(super) struct Fault {
    /// Local part of `faultcode` (section 4.4.1).
    class: &'static str,
    pub(super) code: &'static str,
    text: String,
    /// The field at fault, when there is one.
    field: Option<&'static str>,
}

impl Fault {
    /// The caller is at fault.
    pub(super) fn client(code: &'static str, text: impl Into<String>) -> Self {
        Self { class: "Client", code, text: text.into(), field: None }
    }

    /// The caller is at fault in this field.
    pub(super) fn field(code: &'static str, field: &'static str, problem: &str) -> Self {
        Self { field: Some(field), ..Self::client(code, format!("{field} {problem}")) }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let field = self.field.map_or_else(String::new, |f| format!("<field>{f}</field>"));
        let body = format!(
            "<soapenv:Fault><faultcode>soapenv:{}</faultcode><faultstring>{}</faultstring>\
             <detail><refusal xmlns=\"urn:nhip:simulator\"><code>{}</code>{field}</refusal></detail></soapenv:Fault>",
            self.class,
            escape(&self.text),
            self.code,
        );
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        (status, [(CONTENT_TYPE, CONTENT)], envelope(&body)).into_response()
    }
}

/// Wraps a body that is XML already.
pub(super) fn answer(body: &str) -> Response {
    ([(CONTENT_TYPE, CONTENT)], envelope(body)).into_response()
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"{ENVELOPE}\">\
         <soapenv:Header/><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
}

/// The one element in the body of a request.
pub(super) fn open(bytes: &[u8]) -> Result<Element, Fault> {
    let mut root =
        xml::parse(bytes).map_err(|problem| Fault::client(codes::MALFORMED, format!("not XML: {problem}")))?;
    if root.name == "Envelope" && !root.is(ENVELOPE, "Envelope") {
        return Err(Fault {
            class: "VersionMismatch",
            ..Fault::client(codes::VERSION, format!("the envelope must be of {ENVELOPE}"))
        });
    }
    let not_soap = |text: &str| Fault::client(codes::MALFORMED, text);
    if !root.is(ENVELOPE, "Envelope") {
        return Err(not_soap("the root element is not a SOAP Envelope"));
    }
    let body = root.children.iter().position(|c| c.is(ENVELOPE, "Body"));
    let body = body.ok_or_else(|| not_soap("the Envelope has no Body"))?;
    let mut contents = root.children.swap_remove(body).children;
    match (contents.pop(), contents.is_empty()) {
        (Some(operation), true) => Ok(operation),
        (Some(_), false) => Err(not_soap("the Body holds more than one element")),
        (None, _) => Err(not_soap("the Body is empty")),
    }
}
