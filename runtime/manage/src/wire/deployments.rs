//! Deploying, rolling back, retiring: what is asked, the progress, and how it ended.
//!
//! A deployment is asked for with `multipart/form-data`: `component` (bytes), `policy` (text), and `manifest` (text)
//! where the component carries none. The answer is `application/x-ndjson`, one [`Line`] each: steps, then exactly one
//! of `deployed` and `refused`.

use nhip_exchange::Digest;
use nhip_exchange::port;
use nhip_exchange::port::Report;
use nhip_registry::DeploymentId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One line of the answer to a deployment.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// A step began.
    Step(Step),
    /// The end: it is live.
    Deployed(Box<Deployed>),
    /// The end: nothing has changed.
    Refused(Box<Refused>),
}

/// A step of a deployment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Reading the component and comparing it with the policy.
    Verify,
    /// Compiling it, or loading it from the cache.
    Compile,
    /// Making the smoke calls.
    Smoke,
    /// Putting it in the place of the version before.
    Switch,
}

impl From<port::Step> for Step {
    fn from(step: port::Step) -> Self {
        match step {
            port::Step::Verify => Self::Verify,
            port::Step::Compile => Self::Compile,
            port::Step::Smoke => Self::Smoke,
            port::Step::Switch => Self::Switch,
        }
    }
}

/// A version went live.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deployed {
    /// The number of the deployment.
    pub deployment: DeploymentId,
    /// The adapter.
    pub adapter: String,
    /// Its version that is live now.
    pub version: String,
    /// Digest of the component.
    pub component: Digest,
    /// Digest of the policy.
    pub policy: Digest,
    /// What it serves.
    pub services: Vec<Served>,
    /// What it took the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Replaced>,
    /// Of a rollback: the deployment that is in service again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<DeploymentId>,
    /// How many smoke calls it passed just now.
    pub smoke: usize,
    /// What admission found when it was last admitted.
    pub report: Report,
}

/// A public name and its contract.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Served {
    /// The public name.
    pub service: String,
    /// The contract, with its version.
    pub contract: String,
}

/// What was live before.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Replaced {
    /// The number of the deployment.
    pub deployment: DeploymentId,
    /// The version.
    pub version: String,
}

/// The body of a rollback.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The version to return to; without it, the previous deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An adapter went out of service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retired {
    /// The adapter.
    pub adapter: String,
    /// What was live.
    pub replaced: Replaced,
}

/// Why a change of what is live did not happen: everything that is wrong, as far as it could be looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// The kind of the first thing that is wrong.
    pub code: RefusedCode,
    /// What is wrong, in one sentence.
    pub detail: String,
    /// What to do about it.
    pub cure: String,
    /// The mistakes in the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<PolicyMistake>,
    /// What contradicts what is there already: names and versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// The smoke calls that ended otherwise than expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub smoke: Vec<SmokeFailure>,
    /// What admission found, if the component was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Refused {}

/// Kinds of refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusedCode {
    /// The component, the policy or the manifest is larger than is taken.
    TooLarge,
    /// The policy has mistakes.
    Policy,
    /// The component does not pass admission under this policy.
    Admission,
    /// A name or a version is taken, or something changed meanwhile.
    Conflict,
    /// A smoke call ended otherwise than expected.
    Smoke,
    /// What was asked for does not exist.
    NotFound,
    /// The registry cannot do it now.
    Unavailable,
    /// A defect of the gateway, or stored data that it does not understand.
    Internal,
}

impl RefusedCode {
    /// The word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLarge => "too-large",
            Self::Policy => "policy",
            Self::Admission => "admission",
            Self::Conflict => "conflict",
            Self::Smoke => "smoke",
            Self::NotFound => "not-found",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// A mistake in a policy, with its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PolicyMistake {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The setting as a TOML key path; empty for the file as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl From<&nhip_policies::Mistake> for PolicyMistake {
    fn from(mistake: &nhip_policies::Mistake) -> Self {
        let nhip_policies::Mistake { line, column, key, message, hint } = mistake.clone();
        Self { line, column, key, message, hint }
    }
}

/// Something that is taken already.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Conflict {
    /// The service or version.
    pub subject: String,
    /// By whom, and the cure.
    pub message: String,
}

/// A smoke call that ended otherwise than expected. What the adapter answered is not in it: that may be anybody's
/// data.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SmokeFailure {
    /// Its place among the smoke calls of the policy, from 1.
    pub number: usize,
    /// The service.
    pub service: String,
    /// The function.
    pub function: String,
    /// `ok` or `fault`.
    pub expected: String,
    /// `ok`, or the code of the fault that came.
    pub came: String,
    /// The HTTP status that a caller would have been given.
    pub status: u16,
    /// What the code means, and what is wrong with the parameters where they are at fault.
    pub message: String,
    /// The exchange, to be found in the log and in the records.
    pub exchange: String,
}
