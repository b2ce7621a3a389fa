//! Adapters: what is in service, what was, and under which policy.

use super::deployments::Served;
use nhip_exchange::Digest;
use nhip_exchange::port::Report;
use nhip_registry::{DeploymentId, DeploymentKind};
use serde::{Deserialize, Serialize};

/// `GET /api/adapters`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdapterList {
    /// All that were ever deployed, by name.
    pub adapters: Vec<Adapter>,
}

/// How it is with an adapter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdapterState {
    /// It serves.
    Live,
    /// It should serve, but could not be admitted when the gateway started.
    Broken,
    /// It was taken out of service.
    Retired,
}

impl AdapterState {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Broken => "broken",
            Self::Retired => "retired",
        }
    }
}

/// An adapter in a listing.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adapter {
    /// Its name.
    pub name: String,
    /// How it is with it.
    pub state: AdapterState,
    /// The newest deployment.
    pub deployment: DeploymentId,
    /// The version of that deployment.
    pub version: String,
    /// Digest of its component.
    pub component: Digest,
    /// Digest of its policy.
    pub policy: Digest,
    /// What it serves, or would serve.
    pub services: Vec<Served>,
    /// When it was deployed.
    pub since_ms: u64,
    /// Who deployed it.
    pub actor: String,
    /// Exchanges under way on the live version.
    pub in_flight: u64,
    /// The versions held ready for a rollback, newest first.
    pub ready: Vec<String>,
    /// Of a broken one: why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
}

/// Why an adapter that should serve does not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Broken {
    /// In one sentence.
    pub detail: String,
    /// What to do about it.
    pub cure: String,
    /// What admission found, if it came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

/// `GET /api/adapters/{name}`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AdapterDetails {
    /// The same as in the listing.
    #[serde(flatten)]
    pub adapter: Adapter,
    /// The live version, if it serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveVersion>,
    /// The policy of the newest deployment, as the operator wrote it.
    pub policy_text: String,
    /// The same in plain words, defaults included.
    pub policy_words: String,
    /// All versions, first deployed first.
    pub versions: Vec<Version>,
    /// The newest deployments, newest first.
    pub history: Vec<HistoryEntry>,
}

/// The version that serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LiveVersion {
    /// The deployment.
    pub deployment: DeploymentId,
    /// What admission found when it was last admitted.
    pub report: Report,
    /// Slots that are free now.
    pub free_slots: usize,
    /// Slots in all: exchanges that the policy lets run at once.
    pub slots: usize,
}

/// A version of an adapter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Version {
    /// The version.
    pub version: String,
    /// Digest of the component.
    pub component: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// The contracts that it exports.
    pub contracts: Vec<String>,
    /// When it was first deployed.
    pub first_seen_ms: u64,
}

/// A deployment in the history of an adapter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// Its number.
    pub deployment: DeploymentId,
    /// How it came about.
    pub kind: DeploymentKind,
    /// The version.
    pub version: String,
    /// Digest of the component.
    pub component: Digest,
    /// Digest of the policy.
    pub policy: Digest,
    /// Of a rollback: the deployment that it put in service again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<DeploymentId>,
    /// Who.
    pub actor: String,
    /// When.
    pub at_ms: u64,
}
