//! Callers: calling systems and their keys. The text of a key goes over the wire once, in [`IssuedKey`].

use serde::{Deserialize, Serialize};
use std::fmt;

/// `GET /api/callers`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallerList {
    /// All, by name.
    pub callers: Vec<Caller>,
}

/// A calling system.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Caller {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_ms: u64,
    /// Its keys, oldest first, the revoked ones too.
    pub keys: Vec<CallerKey>,
}

/// What is known of a key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallerKey {
    /// Its number.
    pub id: i64,
    /// The first hex digits of its hash: enough to tell keys apart.
    pub hint: String,
    /// When it was made.
    pub created_ms: u64,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<u64>,
}

impl From<nhip_registry::Caller> for Caller {
    fn from(caller: nhip_registry::Caller) -> Self {
        let key = |key: nhip_registry::CallerKey| CallerKey {
            id: key.id,
            hint: key.hint,
            created_ms: key.created_ms,
            revoked_ms: key.revoked_ms,
        };
        Self {
            name: caller.name.to_string(),
            created_ms: caller.created_ms,
            keys: caller.keys.into_iter().map(key).collect(),
        }
    }
}

/// The body of `POST /api/callers`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCaller {
    /// The name.
    pub name: String,
}

/// A key that was just made: shown now and never again.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedKey {
    /// Whose it is.
    pub caller: String,
    /// Its number, by which it can be revoked.
    pub id: i64,
    /// Its text.
    pub key: String,
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedKey({}, {}, …)", self.caller, self.id)
    }
}

/// The query of `DELETE /api/callers/{name}`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeQuery {
    /// The number of the key; without it, all keys are revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<i64>,
}

/// Keys were revoked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Revoked {
    /// Whose.
    pub caller: String,
    /// How many were good until now.
    pub revoked: u64,
}
