//! Who calls: an API key in `X-Api-Key`, or as a bearer token (RFC 6750) in `Authorization`.
//!
//! Invariant: the key goes to the prover and nowhere else.

use crate::headers::single;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use nhip_exchange::{Fault, Kind};
use nhip_policies::CallerName;
use std::sync::Arc;

/// Whose key is this? Called once for each request, so it must not block.
pub type Prover = Arc<dyn Fn(&str) -> Option<CallerName> + Send + Sync>;

/// The header for the key alone.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Longer than any key we hand out; what is longer is not worth hashing.
const LONGEST: usize = 256;

/// The caller, proven.
///
/// # Errors
/// `unauthenticated` without a key or with one that nobody has, `malformed` when the request names two.
pub(crate) fn caller(headers: &HeaderMap, prover: &Prover) -> Result<CallerName, Fault> {
    let key = presented(headers)?;
    let known = if key.len() > LONGEST { None } else { prover(key) };
    known.ok_or_else(|| Fault::new(Kind::Unauthenticated, "the key is not that of a caller known here"))
}

fn presented(headers: &HeaderMap) -> Result<&str, Fault> {
    let plain = single(headers, &API_KEY)?.filter(|key| !key.is_empty());
    let bearer = match single(headers, &AUTHORIZATION)? {
        Some(value) => Some(token(value)?),
        None => None,
    };
    match (plain, bearer) {
        (Some(plain), Some(bearer)) if plain != bearer => {
            Err(Fault::new(Kind::Malformed, "`X-Api-Key` and `Authorization` name different keys; give one"))
        }
        (Some(key), _) | (None, Some(key)) => Ok(key),
        (None, None) => Err(Fault::new(
            Kind::Unauthenticated,
            "no key was given; send it as `X-Api-Key: KEY` or `Authorization: Bearer KEY`",
        )),
    }
}

fn token(value: &str) -> Result<&str, Fault> {
    value
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim_start())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| Fault::new(Kind::Unauthenticated, "`Authorization` must be of the form `Bearer KEY`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(lines: &[(&'static str, &str)]) -> Result<String, &'static str> {
        let prover: Prover = Arc::new(|key| (key == "right").then(|| "one-stop".parse().unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        caller(&headers, &prover).map(|name| name.to_string()).map_err(|fault| {
            assert!(!fault.outside.contains("right") && !fault.outside.contains("wrong"), "{}", fault.outside);
            fault.kind.row().code
        })
    }

    #[test]
    fn a_key_proves_a_caller_in_either_header() {
        assert_eq!(ask(&[("x-api-key", "right")]).unwrap(), "one-stop");
        assert_eq!(ask(&[("authorization", "Bearer right")]).unwrap(), "one-stop");
        assert_eq!(ask(&[("authorization", "bEARER   right")]).unwrap(), "one-stop");
        assert_eq!(ask(&[("authorization", "Bearer right"), ("x-api-key", "right")]).unwrap(), "one-stop");
    }

    #[test]
    fn everything_else_proves_nothing() {
        let long = "right".repeat(200);
        for lines in [
            &[][..],
            &[("x-api-key", "wrong")],
            &[("x-api-key", "")],
            &[("x-api-key", &long)],
            &[("authorization", "right")],
            &[("authorization", "Bearer")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Basic cmlnaHQ6")],
        ] {
            assert_eq!(ask(lines), Err("unauthenticated"), "{lines:?}");
        }
        for lines in [
            &[("x-api-key", "right"), ("x-api-key", "right")][..],
            &[("authorization", "Bearer right"), ("authorization", "Bearer right")],
            &[("authorization", "Bearer right"), ("x-api-key", "wrong")],
            &[("x-api-key", "r\u{ef}ght")],
        ] {
            assert_eq!(ask(lines), Err("malformed"), "{lines:?}");
        }
    }
}
