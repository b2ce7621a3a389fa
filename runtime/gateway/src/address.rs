//! What a path asks for. Five shapes, compared segment by segment; a path that is almost one of them is none.

use nhip_exchange::{Fault, Kind};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// What the path of a request asks for.
#[derive(PartialEq, Eq, Debug)]
pub(crate) enum Address<'a> {
    /// `/services/{service}/{function}`
    Exchange { service: Cow<'a, str>, function: Cow<'a, str> },
    /// `/services/{service}/{function}` with a segment that does not decode to plain text: as it was written.
    Garbled { service: &'a str, function: &'a str },
    /// `/services`
    Catalogue,
    /// `/services/{service}/openapi.json`
    OpenApi { service: Cow<'a, str> },
    /// `/exchanges/{id}`: an exchange that was accepted to be done later.
    Accepted { id: &'a str },
    /// Anything else.
    Nowhere,
}

impl<'a> Address<'a> {
    pub(crate) fn of(path: &'a str) -> Self {
        let Some(below_root) = path.strip_prefix('/') else { return Self::Nowhere };
        let mut segments = below_root.split('/');
        match (segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some("services"), None, ..) => Self::Catalogue,
            (Some("services"), Some(service), Some(function), None) if !service.is_empty() && !function.is_empty() => {
                match (plain(service), plain(function)) {
                    // A function's name has no dot, so this hides none.
                    (Some(service), Some(Cow::Borrowed("openapi.json"))) => Self::OpenApi { service },
                    (Some(service), Some(function)) => Self::Exchange { service, function },
                    _ => Self::Garbled { service, function },
                }
            }
            (Some("exchanges"), Some(id), None, None) if !id.is_empty() => Self::Accepted { id },
            _ => Self::Nowhere,
        }
    }

    /// The methods it takes, for `Allow`.
    pub(crate) fn methods(&self) -> &'static str {
        match self {
            Self::Exchange { .. } | Self::Garbled { .. } => "POST, OPTIONS",
            Self::Catalogue | Self::OpenApi { .. } | Self::Accepted { .. } => "GET, HEAD, OPTIONS",
            Self::Nowhere => "",
        }
    }
}

/// A segment without its percent-encoding (RFC 3986), if it is plain text: what goes into a record and a log line
/// must not be able to forge one.
fn plain(segment: &str) -> Option<Cow<'_, str>> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

/// The fault of a garbled path.
pub(crate) fn garbled() -> Fault {
    Fault::new(Kind::Malformed, "the path does not decode to plain UTF-8 text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_shapes_are_addresses() {
        let exchange = |service: &'static str, function: &'static str| Address::Exchange {
            service: service.into(),
            function: function.into(),
        };
        assert_eq!(Address::of("/services/population/find"), exchange("population", "find"));
        assert_eq!(Address::of("/services/popul%61tion/find"), exchange("population", "find"));
        assert_eq!(Address::of("/services"), Address::Catalogue);
        assert_eq!(Address::of("/services/x/openapi.json"), Address::OpenApi { service: "x".into() });
        assert_eq!(Address::of("/exchanges/x"), Address::Accepted { id: "x" });
        for (path, service, function) in [
            ("/services/%ff/find", "%ff", "find"),
            ("/services/a/b%0ac", "a", "b%0ac"),
            ("/services/a/%00", "a", "%00"),
        ] {
            assert_eq!(Address::of(path), Address::Garbled { service, function });
        }
        for path in [
            "",
            "/",
            "*",
            "services",
            "/services/",
            "/services/x",
            "/services//find",
            "/services/x/",
            "/services/x/y/",
            "/services/x/y/z",
            "/Services/x/y",
            "//services/x/y",
            "/exchanges",
            "/exchanges/",
            "/exchanges/x/",
            "/exchanges/x/y",
        ] {
            assert_eq!(Address::of(path), Address::Nowhere, "{path}");
        }
    }
}
