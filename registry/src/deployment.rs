//! A deployment: one component of an adapter, put in service under one policy.
//!
//! Invariant: a deployment is written once and never changes; its number grows with each one of the registry.

use crate::error::{RegistryError, corrupt};
use crate::store::from_db;
use nhip_exchange::Digest;
use nhip_policies::{AdapterName, ContractRef, ServiceName};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The number of a deployment, unique in its registry and growing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(i64);

impl DeploymentId {
    pub(crate) fn from_db(number: i64) -> Self {
        Self(number)
    }

    pub(crate) fn to_db(self) -> i64 {
        self.0
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a deployment came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeploymentKind {
    /// Somebody gave a component and a policy.
    Deploy,
    /// An earlier deployment was put in service again.
    Rollback,
}

impl DeploymentKind {
    /// The word in the database and in listings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
        }
    }
}

/// What is to be put in service.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    /// The adapter.
    pub adapter: AdapterName,
    /// The version, by the component's manifest.
    pub version: Version,
    /// Digest of the component, which must be stored already.
    pub component: Digest,
    /// The policy, as the operator wrote it.
    pub policy_text: String,
    /// Digest of the policy.
    pub policy: Digest,
    /// The manifest that the component was admitted with.
    pub manifest_text: String,
    /// The contracts that the component exports.
    pub contracts: Vec<String>,
    /// The public names, and the contract behind each.
    pub services: BTreeMap<ServiceName, ContractRef>,
    /// Who puts it in service.
    pub actor: String,
}

/// One deployment, complete: everything that is needed to serve it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deployment {
    /// Its number.
    pub id: DeploymentId,
    /// The adapter.
    pub adapter: AdapterName,
    /// The version.
    pub version: Version,
    /// How it came about.
    pub kind: DeploymentKind,
    /// Of a rollback: the deployment that it put in service again.
    pub restores: Option<DeploymentId>,
    /// Digest of the component.
    pub component: Digest,
    /// The contracts that the component exports.
    pub contracts: Vec<String>,
    /// Digest of the policy.
    pub policy: Digest,
    /// The policy, as the operator wrote it.
    pub policy_text: String,
    /// The manifest that the component was admitted with.
    pub manifest_text: String,
    /// The public names, and the contract behind each.
    pub services: BTreeMap<ServiceName, ContractRef>,
    /// Who put it in service.
    pub actor: String,
    /// When, in milliseconds since 1970.
    pub created_ms: u64,
}

/// A deployment that could be put in service again, and what it would take the place of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RollbackTarget {
    /// What was live when this was read; nothing of a retired adapter.
    pub live: Option<DeploymentId>,
    /// What would be put in service again.
    pub deployment: Deployment,
}

/// The statement that reads whole deployments, with this tail.
macro_rules! deployments {
    ($tail:literal) => {
        concat!(
            "SELECT d.id, d.adapter, d.version, d.kind, d.restores, v.component, v.contracts, d.policy, d.policy_text, ",
            "d.manifest, d.services, d.actor, d.created_ms FROM deployments d ",
            "JOIN versions v ON v.adapter = d.adapter AND v.version = d.version ",
            $tail
        )
    };
}
pub(crate) use deployments;

/// A deployment as the database gives it.
#[derive(sqlx::FromRow)]
pub(crate) struct Row {
    id: i64,
    adapter: String,
    version: String,
    kind: String,
    restores: Option<i64>,
    component: String,
    contracts: String,
    policy: String,
    policy_text: String,
    manifest: String,
    services: String,
    actor: String,
    created_ms: i64,
}

impl TryFrom<Row> for Deployment {
    type Error = RegistryError;

    fn try_from(row: Row) -> Result<Self, RegistryError> {
        let what = format!("deployment {} of `{}`", row.id, row.adapter);
        let kind = match row.kind.as_str() {
            "deploy" => DeploymentKind::Deploy,
            "rollback" => DeploymentKind::Rollback,
            other => return Err(corrupt(what)(format!("`{other}` is not a kind of deployment"))),
        };
        Ok(Self {
            id: DeploymentId(row.id),
            adapter: row.adapter.parse().map_err(corrupt(&what))?,
            version: row.version.parse().map_err(corrupt(&what))?,
            kind,
            restores: row.restores.map(DeploymentId),
            component: row.component.parse().map_err(corrupt(&what))?,
            contracts: serde_json::from_str(&row.contracts).map_err(corrupt(&what))?,
            policy: row.policy.parse().map_err(corrupt(&what))?,
            policy_text: row.policy_text,
            manifest_text: row.manifest,
            services: serde_json::from_str(&row.services).map_err(corrupt(&what))?,
            actor: row.actor,
            created_ms: from_db(row.created_ms),
        })
    }
}
