//! A refusal of the control API: RFC 9457 `application/problem+json`, with the cure as a member of its own.

use super::deployments::Refused;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What every `type` begins with; the code follows.
pub const TYPE_PREFIX: &str = "urn:nhip:admin:";

/// Why a request was not done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// [`TYPE_PREFIX`] and a stable code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of the type.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong this time.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    /// Of a refused change of what is live: everything that is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Box<Refused>>,
}

impl Problem {
    /// The code at the end of the `type`.
    #[must_use]
    pub fn code(&self) -> &str {
        self.kind.strip_prefix(TYPE_PREFIX).unwrap_or(&self.kind)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Problem {}
