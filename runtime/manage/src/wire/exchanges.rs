//! Exchanges: the records of what was called, without what was said.

use nhip_exchange::Record;
use nhip_registry::record::Reach;
use serde::{Deserialize, Serialize};

/// The query of `GET /api/exchanges`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeQuery {
    /// The one of this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Those of this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Those of this caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// Those that ended so: `ok` or the code of a fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Those opened since this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// How many at most, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `GET /api/exchanges`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ExchangeList {
    /// Those that match, newest first.
    pub exchanges: Vec<Record>,
    /// Which records of other gateways were searched, and up to where.
    #[serde(default, skip_serializing_if = "Reach::is_alone")]
    pub reach: Reach,
}
