//! The parameters of one call, after the signature was found right, and the formats they come in.
//!
//! Invariant: a malformed parameter is refused by name; none is silently taken for absent.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};

use super::{
    answer::{Refusal, codes},
    store::MessageType,
};

/// Signed values by name in lower case, without prefix.
#[derive(Debug)]
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    pub(super) fn new(signed: BTreeMap<String, String>) -> Self {
        Self(signed)
    }

    /// A parameter; empty counts as absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    pub(super) fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::new(codes::MISSING, format!("`XroadVnpt-{name}` is missing")))
    }

    /// Must be `eDoc` when given.
    pub(super) fn check_service_type(&self) -> Result<(), Refusal> {
        match self.get("servicetype") {
            Some(other) if !other.eq_ignore_ascii_case("edoc") => Err(bad("servicetype", "must be `eDoc`")),
            _ => Ok(()),
        }
    }

    pub(super) fn message_type(&self) -> Result<Option<MessageType>, Refusal> {
        let Some(text) = self.get("messagetype") else {
            return Ok(None);
        };
        let known = MessageType::parse(text);
        let known = known.ok_or_else(|| bad("messagetype", "must be `edoc` or `status`"))?;
        Ok(Some(known))
    }

    /// A day. The format is not published; the three that occur around the axis are taken.
    pub(super) fn day(&self, name: &str) -> Result<Option<Date>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let formats = ["%d/%m/%Y", "%Y/%m/%d", "%Y-%m-%d"];
        let day = formats.iter().find_map(|f| Date::strptime(f, text).ok());
        day.map(Some).ok_or_else(|| bad(name, "must be dd/MM/yyyy, yyyy/MM/dd or yyyy-MM-dd"))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(0) | Err(_) => Err(bad(name, "must be a whole number from 1")),
            Ok(number) => Ok(Some(number)),
        }
    }
}

fn bad(name: &str, problem: &str) -> Refusal {
    Refusal::new(codes::BAD_PARAMETER, format!("`XroadVnpt-{name}` {problem}"))
}

/// `ddMMyyyy'T'HHmmss+NNNN`: what follows the plus is a zone in one SDK (`+0700`, or `++0700` since its pattern writes a
/// plus of its own) and milliseconds in another; both are four digits. How old a timestamp may be is not published, so
/// age is not checked.
pub(super) fn check_timestamp(text: &str) -> Result<(), Refusal> {
    moment(text).ok_or_else(|| {
        let text = "`XroadVnpt-timestamp` must be ddMMyyyy'T'HHmmss+ and four digits";
        Refusal::new(codes::TIMESTAMP, text)
    })
}

fn moment(text: &str) -> Option<()> {
    let (moment, rest) = text.split_once('+')?;
    let rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let (day, time) = moment.split_once('T')?;
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(day, 8) || !digits(time, 6) || !digits(rest, 4) {
        return None;
    }
    Date::strptime("%d%m%Y", day).ok()?;
    Time::strptime("%H%M%S", time).ok()?;
    Some(())
}

/// Whether `claimed` is the SHA-256 `digest` in hex, padded or not. The SDK drops the leading zero of each byte (0x0a
/// becomes `a`), so the unpadded text cannot be decoded, only compared.
pub(super) fn is_digest(claimed: &str, digest: &[u8]) -> bool {
    let unpadded: String = digest.iter().map(|byte| format!("{byte:x}")).collect();
    let padded = super::signature::hex(digest);
    claimed.eq_ignore_ascii_case(&padded) || claimed.eq_ignore_ascii_case(&unpadded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_taken_in_every_known_form_and_no_other() {
        for good in ["22112025T101500+0700", "22112025T101500++0700", "22112025T101500+0123"] {
            assert!(check_timestamp(good).is_ok(), "{good}");
        }
        let bad = [
            "",
            "22112025T101500",
            "22112025T101500+07:00",
            "2025-11-22T10:15:00+0700",
            "31022025T101500+0700",
            "22112025T251500+0700",
            "22112025 101500+0700",
            "22112025T101500+07000",
            "+",
        ];
        for bad in bad {
            assert_eq!(check_timestamp(bad).unwrap_err().code, codes::TIMESTAMP, "{bad}");
        }
    }

    #[test]
    fn a_digest_is_known_in_both_spellings() {
        let digest = [0x0a, 0xff, 0x00, 0x10];
        assert!(is_digest("0aff0010", &digest));
        assert!(is_digest("0AFF0010", &digest));
        assert!(is_digest("aff010", &digest));
        assert!(!is_digest("aff0010", &digest));
        assert!(!is_digest("", &digest));
    }
}
