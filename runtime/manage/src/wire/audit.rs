//! The record: its key, its entries, checkpoints, exports and retention.
//!
//! A checkpoint and an export are not JSON documents of ours but the record's own signed text, and are sent as such.

use nhip_registry::record::{Archived, EntryKind, Found, PublicKey, Reach};
use serde::{Deserialize, Serialize};

/// `GET /api/audit/key`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditKey {
    /// The gateway whose record it is.
    pub gateway: String,
    /// What the record is verified with.
    pub key: PublicKey,
}

/// The query of `GET /api/audit/entries`. Whatever is asked of an exchange is found of exchanges only.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntryQuery {
    /// Those on the record of this gateway, which may be another one on the same database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// Those that are about this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<EntryKind>,
    /// Those of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Those of this caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Those that ended so: `ok` or the code of a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Those that this adapter served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<String>,
    /// Those with this text in an id that an upstream system gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Those since this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Those until this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// How many at most, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `GET /api/audit/entries`, the newest first; `GET /api/audit/exchanges/{id}`, the oldest first.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EntryList {
    /// Those that match.
    pub entries: Vec<Found>,
    /// Which records of other gateways were searched, and up to where.
    #[serde(default, skip_serializing_if = "Reach::is_alone")]
    pub reach: Reach,
}

/// `GET /api/audit/gateways`: whose records are in the database, by name. None where it is shared with nobody. The
/// segments themselves are at `GET /api/audit/gateways/{gateway}/segments/{number}`, as they are in that gateway's folder.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GatewayList {
    /// Each gateway, and what there is of its record.
    pub gateways: Vec<Archived>,
}

/// The query of `GET /api/audit/export`. Segments are exported whole, so there may be more than was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// From this moment on, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Up to this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

/// The body of `POST /api/audit/retention`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retain {
    /// Segments whose newest entry is older than this are emptied, in milliseconds.
    pub older_than_ms: u64,
}

/// What was emptied.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retained {
    /// How many segments.
    pub segments: u64,
    /// How many entries were in them.
    pub entries: u64,
}
