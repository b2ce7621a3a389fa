//! Which paths of an endpoint an adapter may ask for.
//!
//! `/tracuu` grants exactly that path; `/api/*` grants everything below `/api/`, by whole segments: `/api/x` and `/api/x/y`, but neither
//! `/api` nor `/apix`; `/*` grants everything below the endpoint's URL. Invariant: a path that passes `check_path` means the same to
//! every reader. There is no other spelling of it that a server, a proxy or a library could turn it into, so comparing text is safe.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::mistakes::Invalid;
use crate::names::quoted;

/// One granted path, or everything below one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathRule {
    /// This path and no other.
    Exact(String),
    /// Every path that begins with this text, which ends with a slash.
    Below(String),
}

impl PathRule {
    /// Whether a path that passed [`check_path`] is granted.
    pub(crate) fn covers(&self, path: &str) -> bool {
        match self {
            Self::Exact(exact) => path == exact,
            Self::Below(prefix) => path.starts_with(prefix),
        }
    }

    /// Whether every path of the other rule is a path of this one.
    pub fn includes(&self, other: &PathRule) -> bool {
        match (self, other) {
            (Self::Exact(own), Self::Exact(other)) => own == other,
            (Self::Exact(_), Self::Below(_)) => false,
            (Self::Below(_), Self::Exact(path) | Self::Below(path)) => self.covers(path),
        }
    }
}

impl FromStr for PathRule {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |reason: &str| {
            Invalid::new(
                format!("{} is not a path to grant: {reason}", quoted(text)),
                "write `/tracuu` for one path, `/api/*` for everything below `/api/`, `/*` for everything below the URL",
            )
        };
        let (path, below) = match text.strip_suffix('*') {
            Some(path) if path.ends_with('/') => (path, true),
            Some(_) => return Err(wrong("`*` stands for whole segments, after a `/`")),
            None => (text, false),
        };
        if path.contains('*') {
            return Err(wrong("`*` stands only at the end"));
        }
        check_path(path).map_err(|reason| wrong(&reason))?;
        Ok(if below { Self::Below(path.to_owned()) } else { Self::Exact(path.to_owned()) })
    }
}

impl fmt::Display for PathRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) => f.write_str(path),
            Self::Below(prefix) => write!(f, "{prefix}*"),
        }
    }
}

impl Serialize for PathRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Checks that a path has one meaning only (RFC 3986, sections 3.3 and 6.2.2): it begins with `/`, has no dot segment, no empty segment
/// but a last one, no `;` (servers strip path parameters, and `..;` with them), and percent-encodes only what cannot stand as itself.
pub(crate) fn check_path(path: &str) -> Result<(), String> {
    if path.contains(['?', '#']) {
        return Err("it has a query or a fragment".to_owned());
    }
    let Some(below) = path.strip_prefix('/') else {
        return Err("it does not begin with `/`".to_owned());
    };
    let mut segments = below.split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => return Err(format!("it has the dot segment `{segment}`")),
            "" if segments.peek().is_some() => return Err("it has `//`".to_owned()),
            _ => {}
        }
    }
    let own = |b: u8| is_unreserved(b) || b"!$&'()*+,=:@/".contains(&b);
    // `.` is unreserved, so that `%2e` is refused with every other letter in disguise; `%25` would be decoded twice by some.
    check_characters(path, own, |b| is_unreserved(b) || b"/\\%;".contains(&b))
}

/// Checks that a query has one reading (RFC 3986, section 3.4). What it says is between the adapter and the endpoint.
pub(crate) fn check_query(query: &str) -> Result<(), String> {
    let own = |b: u8| is_unreserved(b) || b"!$&'()*+,;=:@/?".contains(&b);
    check_characters(query, own, |_| false)
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-._~".contains(&b)
}

/// Checks that only `own` characters stand as themselves, and that nothing encoded is a control character or one of `never`.
fn check_characters(text: &str, own: impl Fn(u8) -> bool, never: impl Fn(u8) -> bool) -> Result<(), String> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let mut digit = || bytes.next().and_then(hex_digit);
            let (Some(high), Some(low)) = (digit(), digit()) else {
                return Err("it has a `%` that two upper-case hexadecimal digits do not follow".to_owned());
            };
            let encoded = high << 4 | low;
            if encoded.is_ascii_control() || never(encoded) {
                return Err(format!("it has `%{encoded:02X}`, which readers take apart differently"));
            }
        } else if !own(byte) {
            return Err(match byte {
                b'\\' => "it has a backslash".to_owned(),
                b';' => "it has a `;`".to_owned(),
                _ if byte.is_ascii_graphic() => format!("it has `{}`", char::from(byte)),
                _ => "it has a space, a control character or a letter that must be percent-encoded".to_owned(),
            });
        }
    }
    Ok(())
}

/// Upper case only: RFC 3986, section 6.2.2.1, has readers turn lower case into upper, which would be a second spelling.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
