//! Control acts: who changed what, when, and who tried to.

use nhip_registry::{ActKind, DeploymentId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The query of `GET /api/acts`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActQuery {
    /// Those of this actor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Those of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ActKind>,
    /// Those about this adapter or caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Those that were, or were not, refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<bool>,
    /// Those since this moment, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
    /// Those that this gateway made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// How many at most, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// `GET /api/acts`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ActList {
    /// Those that match, newest first.
    pub acts: Vec<Act>,
}

/// One control act.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Act {
    /// Its number; grows with time.
    pub id: u64,
    /// When.
    pub at_ms: u64,
    /// Who: `admin`, or `admin/` and the name they gave.
    pub actor: String,
    /// What.
    pub kind: ActKind,
    /// The adapter or caller it was about; `-` where a refused act did not say.
    pub subject: String,
    /// Whether it was only tried.
    pub refused: bool,
    /// The deployment that it made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentId>,
    /// What else there is to know of it.
    pub detail: Value,
    /// The gateway that made it; empty for an act from before gateways had names.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gateway: String,
}

impl From<nhip_registry::Act> for Act {
    fn from(act: nhip_registry::Act) -> Self {
        let nhip_registry::Act { id, at_ms, actor, kind, subject, refused, deployment, detail, gateway } = act;
        Self { id, at_ms, actor, kind, subject, refused, deployment, detail, gateway }
    }
}
