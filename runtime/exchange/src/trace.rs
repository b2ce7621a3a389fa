//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>): the caller's trace is continued, or one is begun.

use crate::hex;
use crate::id::ExchangeId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The trace an exchange belongs to and the exchange's own span in it. In JSON it is the text of a `traceparent`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// Continue the caller's `traceparent`, or begin a trace when it is absent or malformed (the specification says
    /// to restart, not to refuse). The span id comes from the exchange id, so records and traces can be joined.
    #[must_use]
    pub fn of(traceparent: Option<&str>, id: ExchangeId) -> Self {
        let bytes = id.uuid().into_bytes();
        let mut span = [0u8; 8];
        // The last 62 bits of a UUIDv7 are random.
        span.copy_from_slice(bytes.get(8..16).unwrap_or(&[1; 8]));
        match traceparent.and_then(parse) {
            Some(callers) => Self { span, ..callers },
            None => Self { trace: bytes, span, flags: 0 },
        }
    }
}

impl TraceContext {
    /// The text of a `traceparent`: ASCII.
    #[must_use]
    pub fn text(&self) -> [u8; 55] {
        let mut text = *b"00-00000000000000000000000000000000-0000000000000000-00";
        let (_, rest) = text.split_at_mut(3);
        let (trace, rest) = rest.split_at_mut(33);
        let (span, flags) = rest.split_at_mut(17);
        hex::write(&self.trace, trace);
        hex::write(&self.span, span);
        hex::write(&[self.flags], flags);
        text
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(hex::text(&self.text()))
    }
}

impl Serialize for TraceContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex::text(&self.text()))
    }
}

impl<'de> Deserialize<'de> for TraceContext {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| serde::de::Error::custom(format_args!("`{text}` is not a traceparent")))
    }
}

/// What a `traceparent` value says, or nothing when it is malformed.
fn parse(text: &str) -> Option<TraceContext> {
    let mut parts = text.trim().split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let version = read_hex::<1>(version)?[0];
    // Version 00 has exactly four parts; higher ones may append more; ff is forbidden.
    if version == 0xff || (version == 0 && parts.next().is_some()) {
        return None;
    }
    let trace = read_hex::<16>(trace)?;
    let span = read_hex::<8>(span)?;
    let flags = read_hex::<1>(flags)?[0];
    (trace != [0; 16] && span != [0; 8]).then_some(TraceContext { trace, span, flags })
}

/// Exactly `N` bytes of lower-case hex.
fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 || !digits.iter().all(|d| matches!(d, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::id::IdSource;

    #[test]
    fn a_callers_trace_is_continued_with_a_span_of_our_own() {
        let (id, _) = IdSource::default().next(&SystemClock);
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let text = TraceContext::of(Some(given), id).to_string();
        assert!(text.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{text}");
        assert!(text.ends_with("-01") && !text.contains("00f067aa0ba902b7"), "{text}");
        assert!(parse(&text).is_some());
    }

    #[test]
    fn in_json_it_is_its_text_and_is_read_back_with_its_own_span() {
        let (id, _) = IdSource::default().next(&SystemClock);
        for given in [None, Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")] {
            let context = TraceContext::of(given, id);
            let json = serde_json::to_string(&context).unwrap();
            assert_eq!(json, format!("\"{context}\""));
            assert_eq!(serde_json::from_str::<TraceContext>(&json).unwrap(), context);
        }
        let wrong = serde_json::from_str::<TraceContext>("\"00-0-0-0\"").unwrap_err();
        assert!(wrong.to_string().starts_with("`00-0-0-0` is not a traceparent"), "{wrong}");
    }

    #[test]
    fn a_malformed_traceparent_begins_a_new_trace() {
        let (id, _) = IdSource::default().next(&SystemClock);
        let fresh = TraceContext::of(None, id);
        for wrong in [
            "",
            "00",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(TraceContext::of(Some(wrong), id), fresh, "{wrong}");
        }
    }
}
