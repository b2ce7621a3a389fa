//! Making faults.

use crate::faults::{Fault, FaultCode};

/// A fault with a message for the caller.
#[must_use]
pub fn fault(code: FaultCode, message: impl Into<String>) -> Fault {
    Fault { code, message: message.into(), upstream_code: None, retry_after: None }
}

/// An upstream system's error code as a caller may see it: at most 64 letters, digits and `._:-`, or none. A text in its
/// place might hold anything.
#[must_use]
pub fn upstream_code(text: &str) -> Option<String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-');
    let plain = !text.is_empty() && text.len() <= 64 && text.bytes().all(is_plain);
    plain.then(|| text.to_owned())
}

/// The codes, as the contract spells them.
const CODES: [(&str, FaultCode); 11] = [
    ("invalid-input", FaultCode::InvalidInput),
    ("not-found", FaultCode::NotFound),
    ("denied", FaultCode::Denied),
    ("conflict", FaultCode::Conflict),
    ("unsupported", FaultCode::Unsupported),
    ("busy", FaultCode::Busy),
    ("upstream-unavailable", FaultCode::UpstreamUnavailable),
    ("upstream-timeout", FaultCode::UpstreamTimeout),
    ("upstream-refused", FaultCode::UpstreamRefused),
    ("upstream-invalid", FaultCode::UpstreamInvalid),
    ("internal", FaultCode::Internal),
];

/// The code of that name.
pub(crate) fn fault_code(name: &str) -> Option<FaultCode> {
    CODES.iter().find(|(known, _)| *known == name).map(|(_, code)| *code)
}

/// The name of a code.
#[must_use]
pub fn code_name(code: FaultCode) -> &'static str {
    CODES.iter().find(|(_, known)| *known == code).map_or("unknown", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_codes_are_handed_on() {
        assert_eq!(upstream_code("WRONG_KEY").as_deref(), Some("WRONG_KEY"));
        for text in ["", "a b", "Nguyễn", &"x".repeat(65), "a\nb"] {
            assert_eq!(upstream_code(text), None);
        }
    }
}
