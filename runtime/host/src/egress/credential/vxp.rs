//! The header signature of the VXP agent's HTTP API (the wire behaviour of its SDK 2.0; no specification is published).
//!
//! The host adds `XroadVnpt-systemid`, and `XroadVnpt-timestamp` where the guest set none, then signs: `XroadVnpt-sign-header-key` has
//! the signed names without their prefix joined by `;` (as SDK 2.0.1 writes them), `XroadVnpt-sign-header` the JSON object of the whole
//! names and their values in the same order, and `XroadVnpt-hash-header` the HMAC-SHA256 of that JSON text, in lower-case hexadecimal. Invariant: what is signed is what is sent; the
//! secret itself is not sent at all.

use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use nhip_exchange::Clock;
use nhip_policies::credential::VXP_FAMILY;
use serde::Serializer;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::super::failure::{Failure, FailureCode, quoted};
use super::super::secret::Secret;
use super::sensitive;

const FAMILY: &str = "XroadVnpt-";
const SYSTEM_ID: &str = "XroadVnpt-systemid";
const TIMESTAMP: &str = "XroadVnpt-timestamp";

/// `ddMMyyyy'T'HHmmss` and the offset, `21062024T083000+0700`.
const TIME: &str = "%d%m%YT%H%M%S%z";

/// A header of the family, as it is signed and sent.
type Header = (String, HeaderValue);

/// Signs the requests to one endpoint.
pub(in super::super) struct Signer {
    system_id: HeaderValue,
    secret: Secret,
    /// The names to sign in their order; all that the request has, where there are none.
    order: Vec<String>,
    clock: Arc<dyn Clock>,
}

impl Signer {
    pub(super) fn new(system_id: HeaderValue, secret: Secret, order: Vec<String>, clock: Arc<dyn Clock>) -> Self {
        Self { system_id, secret, order, clock }
    }

    /// The headers to add to a request that has these.
    pub(super) fn sign(&self, endpoint: &str, headers: &[Header]) -> Result<Vec<(HeaderName, HeaderValue)>, Failure> {
        let mut family = gather(endpoint, headers)?;
        let mut added = Vec::with_capacity(5);
        match family.iter().find(|(name, _)| name.eq_ignore_ascii_case(TIMESTAMP)) {
            Some((_, given)) => check_time(endpoint, given)?,
            None => {
                let now = self
                    .now()
                    .ok_or_else(|| unsigned(endpoint, "the gateway's clock shows no time that can be written"))?;
                added.push((TIMESTAMP.to_owned(), now));
            }
        }
        added.push((SYSTEM_ID.to_owned(), self.system_id.clone()));
        family.extend(added.iter().cloned());
        let signed = self.ordered(&family);
        added.extend(self.signature(&signed).ok_or_else(|| unsigned(endpoint, "the headers cannot be signed"))?);
        let parse = |(name, value): Header| HeaderName::from_bytes(name.as_bytes()).ok().map(|name| (name, value));
        Ok(added.into_iter().filter_map(parse).collect())
    }

    /// The headers to sign, under the names they are signed with.
    fn ordered<'h>(&'h self, family: &'h [Header]) -> Vec<(&'h str, &'h str)> {
        let text = |value: &'h HeaderValue| value.to_str().unwrap_or_default();
        if self.order.is_empty() {
            return family.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
        }
        let find = |wanted: &'h String| {
            let found = family.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| (wanted.as_str(), text(value)))
        };
        self.order.iter().filter_map(find).collect()
    }

    fn signature(&self, signed: &[(&str, &str)]) -> Option<[Header; 3]> {
        let mut json = Zeroizing::new(Vec::new());
        serde_json::Serializer::new(&mut *json).collect_map(signed.iter().copied()).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose().as_bytes()).ok()?;
        mac.update(&json);
        let mut hash = Zeroizing::new(String::with_capacity(64));
        for byte in mac.finalize().into_bytes() {
            write!(hash, "{byte:02x}").ok()?;
        }
        let names: Vec<&str> = signed.iter().map(|(name, _)| name.get(FAMILY.len()..).unwrap_or(name)).collect();
        let json = Zeroizing::new(String::from_utf8(json.to_vec()).ok()?);
        Some([
            (format!("{FAMILY}sign-header-key"), sensitive(Zeroizing::new(names.join(";")))?),
            (format!("{FAMILY}sign-header"), sensitive(json)?),
            (format!("{FAMILY}hash-header"), sensitive(hash)?),
        ])
    }

    /// The time in Vietnam, which has had one offset since 1975.
    fn now(&self) -> Option<HeaderValue> {
        let millis = i64::try_from(self.clock.unix_millis()).ok()?;
        let zone = TimeZone::fixed(Offset::constant(7));
        let now = Timestamp::from_millisecond(millis).ok()?.to_zoned(zone);
        HeaderValue::from_str(&now.strftime(TIME).to_string()).ok()
    }
}

/// The headers of the family that the guest set, with the family's name in its one spelling. One that stands twice has no place in a
/// JSON object.
fn gather(endpoint: &str, headers: &[Header]) -> Result<Vec<Header>, Failure> {
    let mut family: Vec<Header> = Vec::with_capacity(headers.len() + 2);
    for (name, value) in headers {
        let start = name.get(..VXP_FAMILY.len()).filter(|start| start.eq_ignore_ascii_case(VXP_FAMILY));
        let Some(rest) = start.and_then(|_| name.get(VXP_FAMILY.len()..)) else {
            continue;
        };
        if family.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
            let what = format!("the header {} stands twice, which cannot be signed", quoted(name));
            return Err(Failure::unsent(FailureCode::InvalidRequest, endpoint, what));
        }
        family.push((format!("{FAMILY}{rest}"), value.clone()));
    }
    Ok(family)
}

/// Checks a time that the guest wrote. Both readings of the pattern `ddMMyyyy'T'HHmmss+ZZZZ` are accepted: where the offset brings its own
/// sign there may be two.
fn check_time(endpoint: &str, given: &HeaderValue) -> Result<(), Failure> {
    let text = given.to_str().unwrap_or_default().replacen("++", "+", 1).replacen("+-", "-", 1);
    if text.len() == 20 && jiff::fmt::strtime::parse(TIME, &text).and_then(|time| time.to_timestamp()).is_ok() {
        return Ok(());
    }
    let what = format!("`{TIMESTAMP}` is not a time like `21062024T083000+0700`");
    Err(Failure::unsent(FailureCode::InvalidRequest, endpoint, what))
}

fn unsigned(endpoint: &str, what: &str) -> Failure {
    Failure::unsent(FailureCode::Credential, endpoint, what)
}
