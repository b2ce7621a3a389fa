//! Answers of the register: the HTTP answer becomes the one element that was asked for, or a fault.
//!
//! The register's own error codes are not published. What the operator learns goes into the settings (`fault.CODE`); without that, a fault
//! that speaks of keys or credentials is `upstream-refused`, another fault of class `Client` is `upstream-invalid`, the rest
//! `upstream-unavailable`.

use guest::endpoints::Response;
use guest::faults::{Fault, FaultCode};
use guest::{Settings, Upstream, upstream_code};
use soap::{Content, Envelope};
use xml::Element;

/// The namespace of answers.
pub(crate) const NAMESPACE: &str = "http://www.mic.gov.vn/dancu/1.0";

/// Read an answer whose content is the element `name`, directly in the body or in a wrapper there.
pub(crate) fn read<T>(
    upstream: &Upstream<'_>,
    settings: Settings<'_>,
    response: &Response,
    name: &str,
    take: impl FnOnce(&Element<'_>) -> T,
) -> Result<T, Fault> {
    let is_success = (200..300).contains(&response.status);
    let envelope = match soap::read(&response.body) {
        Ok(envelope) => envelope,
        // A gateway in front answers with a body of its own.
        Err(_) if !is_success => return Err(upstream.bad_status(response)),
        Err(mistake) => {
            let what = format!("answered what is not SOAP ({mistake})");
            return Err(upstream.fault(FaultCode::UpstreamInvalid, &what));
        }
    };
    match envelope.content() {
        Content::Fault(fault) => Err(refusal(upstream, settings, &fault)?),
        _ if !is_success => Err(upstream.bad_status(response)),
        Content::Empty => Err(upstream.fault(FaultCode::UpstreamInvalid, "answered an empty envelope")),
        Content::Element(element) => {
            let inner = element.children.iter().find(|child| child.is(NAMESPACE, name));
            match Some(element).filter(|element| element.is(NAMESPACE, name)).or(inner) {
                Some(found) => Ok(take(found)),
                None => Err(stranger(upstream, &envelope, element, name)),
            }
        }
    }
}

fn stranger(upstream: &Upstream<'_>, envelope: &Envelope<'_>, element: &Element<'_>, name: &str) -> Fault {
    let mistake = envelope.mistake(element, &format!("there is no `{name}` of `{NAMESPACE}`"));
    upstream.fault(FaultCode::UpstreamInvalid, &format!("answered something else ({mistake})"))
}

/// The fault for a SOAP fault. Its text is looked at but not handed on: it may repeat the request.
fn refusal(upstream: &Upstream<'_>, settings: Settings<'_>, found: &soap::Fault) -> Result<Fault, Fault> {
    let code = found.detail_code.as_deref().and_then(upstream_code).or_else(|| upstream_code(&found.code));
    let configured = match &code {
        Some(code) => settings.meaning(code)?,
        None => None,
    };
    let meaning = configured.unwrap_or_else(|| guess(found));
    let mut fault = upstream.fault(meaning, &format!("refused with the code `{}`", code.as_deref().unwrap_or("none")));
    fault.upstream_code = code;
    Ok(fault)
}

fn guess(found: &soap::Fault) -> FaultCode {
    let words = [&found.code, &found.text, found.detail_code.as_ref().unwrap_or(&found.code)];
    let text = words.map(|word| word.to_lowercase()).join(" ");
    let speaks_of_keys = ["apikey", "api key", "_key", "credential", "authenti", "authoriz", "xác thực người dùng"];
    if speaks_of_keys.iter().any(|word| text.contains(word)) {
        FaultCode::UpstreamRefused
    } else if found.code.starts_with("Client") || found.code == "VersionMismatch" || found.code == "MustUnderstand" {
        FaultCode::UpstreamInvalid
    } else {
        FaultCode::UpstreamUnavailable
    }
}
