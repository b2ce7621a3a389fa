//! The header signature of the VXP agent (wire behaviour of SDKVXP 2.0.x).
//!
//! * `XroadVnpt-sign-header-key`: the signed names joined by `;`. SDKVXP 2.0.1 writes them without the prefix. Whether the
//!   real agent takes prefixed ones too is not published: here both are accepted, but not both in one request
//! * `XroadVnpt-sign-header`: a JSON object of the names with prefix and their values, in that order
//! * `XroadVnpt-hash-header`: hex HMAC-SHA256 of that JSON text under the system's secret
//!
//! Invariant: what [`verify`] returns was signed, and equals the real headers one to one. The signature is checked over
//! the text as received, never over a rewriting of it. That unsigned parameters are refused is our own proposal.

use std::{collections::BTreeMap, fmt};

use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use sha2::Sha256;

use super::{
    answer::{Refusal, codes},
    params::{Params, check_timestamp},
};

/// Of every header of the protocol, in lower case.
pub(super) const PREFIX: &str = "xroadvnpt-";
const KEY: &str = "sign-header-key";
const TEXT: &str = "sign-header";
const HASH: &str = "hash-header";
/// What carries the signature, and the protocol version, are themselves not signed.
const UNSIGNED: [&str; 4] = [KEY, TEXT, HASH, "version"];

/// All headers of the protocol: name in lower case without the prefix, and value.
pub(super) fn collect(headers: &HeaderMap) -> Result<BTreeMap<String, String>, Refusal> {
    let mut collected = BTreeMap::new();
    for (name, value) in headers {
        let Some(name) = name.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        let value = String::from_utf8(value.as_bytes().to_vec())
            .map_err(|_| Refusal::new(codes::SIGNED_HEADERS, format!("`{name}` is not UTF-8")))?;
        if collected.insert(name.to_owned(), value).is_some() {
            return Err(Refusal::new(codes::SIGNED_HEADERS, format!("`{name}` is given twice")));
        }
    }
    Ok(collected)
}

/// Checks the signature and everything it stands for; `secret` finds a system's secret.
pub(super) fn verify(
    headers: &BTreeMap<String, String>,
    secret: impl FnOnce(&str) -> Option<String>,
) -> Result<Params, Refusal> {
    let need = |name: &str| {
        let missing = || Refusal::new(codes::MISSING, format!("`XroadVnpt-{name}` is missing"));
        headers.get(name).ok_or_else(missing)
    };
    let (key, text, hash) = (need(KEY)?, need(TEXT)?, need(HASH)?);
    let system = need("systemid")?;
    let timestamp = need("timestamp")?;
    if !secret(system).is_some_and(|secret| hash_fits(&secret, text, hash)) {
        // One answer for an unknown system and a wrong secret: which systems exist is nobody's business.
        let text = "system id or secret is wrong, or the signed headers were changed";
        return Err(Refusal::new(codes::WRONG_CREDENTIALS, text));
    }
    let signed = agree(headers, key, text)?;
    check_timestamp(timestamp)?;
    Ok(Params::new(signed))
}

fn hash_fits(secret: &str, text: &str, hash: &str) -> bool {
    let (Some(claimed), Ok(mut mac)) = (unhex(hash), Hmac::<Sha256>::new_from_slice(secret.as_bytes())) else {
        return false;
    };
    mac.update(text.as_bytes());
    // `verify_slice` takes the same time whatever differs.
    mac.verify_slice(&claimed).is_ok()
}

/// The three views of the same parameters (names, JSON, real headers) must be one.
fn agree(headers: &BTreeMap<String, String>, key: &str, text: &str) -> Result<BTreeMap<String, String>, Refusal> {
    let wrong = |text: String| Refusal::new(codes::SIGNED_HEADERS, text);
    let Ordered(pairs) = serde_json::from_str(text)
        .map_err(|_| wrong("`XroadVnpt-sign-header` is not a JSON object of strings".into()))?;
    let bare = !key.to_ascii_lowercase().starts_with(PREFIX);
    let whole = |name: &str| if bare { format!("XroadVnpt-{name}") } else { name.to_owned() };
    let prefixed: Vec<String> = key.split(';').map(whole).collect();
    let names = pairs.iter().map(|(name, _)| name);
    if !names.eq(prefixed.iter()) {
        let text = "`XroadVnpt-sign-header-key` does not list the members of `XroadVnpt-sign-header` in order";
        return Err(wrong(text.into()));
    }
    let mut signed = BTreeMap::new();
    for (name, value) in pairs {
        let lower = name.to_ascii_lowercase();
        let short =
            lower.strip_prefix(PREFIX).ok_or_else(|| wrong(format!("`{name}` is no header of the protocol")))?;
        let short = short.to_owned();
        if headers.get(&short) != Some(&value) {
            return Err(wrong(format!("the header `{name}` is not what was signed")));
        }
        if signed.insert(short, value).is_some() {
            return Err(wrong(format!("`{name}` is signed twice")));
        }
    }
    let unsigned = |name: &&String| !UNSIGNED.contains(&name.as_str()) && !signed.contains_key(*name);
    match headers.keys().find(unsigned) {
        Some(name) => Err(wrong(format!("the header `XroadVnpt-{name}` is not signed"))),
        None => Ok(signed),
    }
}

/// Signs parameters as the SDK does, for tests and demos that call the agent by hand. `params` are names without prefix
/// and values; `systemid` and `timestamp` have to be among them. Returns all headers to send.
pub fn sign(secret: &str, params: &[(&str, &str)]) -> Vec<(String, String)> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let members: Vec<String> = params
        .iter()
        .map(|(name, value)| format!("{}:{}", quoted(&format!("XroadVnpt-{name}")), quoted(value)))
        .collect();
    let text = format!("{{{}}}", members.join(","));
    let names: Vec<&str> = params.iter().map(|(name, _)| *name).collect();
    let hash = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            hex(&mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length; an empty hash would simply be refused.
        Err(_) => String::new(),
    };
    let mut headers: Vec<(String, String)> =
        params.iter().map(|(name, value)| (format!("XroadVnpt-{name}"), (*value).to_owned())).collect();
    headers.push((format!("XroadVnpt-{KEY}"), names.join(";")));
    headers.push((format!("XroadVnpt-{TEXT}"), text));
    headers.push((format!("XroadVnpt-{HASH}"), hash));
    headers.push(("XroadVnpt-version".into(), "3.0.201608".into()));
    headers
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(pair).collect()
}

/// A JSON object of strings in its own order, repeated members included.
struct Ordered(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Ordered(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
