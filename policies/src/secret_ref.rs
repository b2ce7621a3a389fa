//! Where a secret is, never what it is.
//!
//! Invariant: nothing in this crate ever holds the value of a secret. A secret written into a policy by mistake is refused, and the
//! refusal does not repeat it, because refusals end up in terminals and logs.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::mistakes::Invalid;

/// Where the host finds a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretRef {
    /// `env:NAME`: an environment variable of the gateway.
    Env(String),
    /// `file:/absolute/path`: the content of a file.
    File(PathBuf),
}

impl FromStr for SecretRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if let Some(name) = text.strip_prefix("env:") {
            let mut bytes = name.bytes();
            let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
            if first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Ok(Self::Env(name.to_owned()));
            }
            return Err(Invalid::new(
                "what follows `env:` is not the name of an environment variable",
                "letters, digits and `_`, such as \"env:NGSP_SECRET\"",
            ));
        }
        if let Some(path) = text.strip_prefix("file:") {
            return absolute_path(path).map(Self::File).map_err(|invalid| {
                Invalid::new(
                    format!("what follows `file:` {}", invalid.message),
                    "an absolute path, such as \"file:/run/secrets/ngsp\"",
                )
            });
        }
        Err(Invalid::new(
            "a secret must not stand in a policy; say where it is",
            "write \"env:NAME\" or \"file:/absolute/path\"",
        ))
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// Who the host says it is to an endpoint: not a secret as such, so it may stand in the policy, but it may also be kept with the secrets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identity {
    /// The name itself.
    Text(String),
    /// Where the name is.
    Secret(SecretRef),
}

impl FromStr for Identity {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.starts_with("env:") || text.starts_with("file:") {
            return text.parse().map(Self::Secret);
        }
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(Invalid::new(
                "a name is empty or has control characters",
                "write the name, or where it is: \"env:NAME\" or \"file:/absolute/path\"",
            ));
        }
        Ok(Self::Text(text.to_owned()))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Secret(secret) => secret.fmt(f),
        }
    }
}

/// An absolute path in its plainest spelling: no `.` or `..`, nothing empty between two slashes, no slash at its end.
pub(crate) fn absolute_path(text: &str) -> Result<PathBuf, Invalid> {
    let fault = |message: &str| Err(Invalid::new(message, "write an absolute path, such as `/srv/exports`"));
    let Some(below) = text.strip_prefix('/') else {
        return fault("is not an absolute path");
    };
    if text.chars().any(char::is_control) {
        return fault("has control characters");
    }
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    if !below.is_empty() && !below.split('/').all(plain) {
        return fault("is not a plain path: it has `.`, `..`, `//` or a slash at its end");
    }
    Ok(PathBuf::from(text))
}
