//! Deploying: look at everything → admit → smoke → store → commit → switch.
//!
//! Invariant: before the commit nothing is live and nothing was left behind but, at most, a stored component that
//! nobody refers to; after it nothing can fail.

use super::candidate::{Candidate, Content};
use super::change::deployed;
use super::refusal::{defect, of_admission, of_mistakes, of_registry, of_smoke, refuse};
use super::{Inner, Told, conflicts, smoke};
use crate::actor::Actor;
use crate::wire::{Deployed, Refused, RefusedCode};
use bytes::Bytes;
use nhip_exchange::Digest;
use nhip_exchange::port::Step;
use nhip_policies::Policy;
use nhip_registry::{ActKind, Deployment, NewDeployment};
use semver::Version;
use std::sync::Arc;

/// The largest component, in bytes: several times that of an interpreter with its libraries.
pub const LARGEST_COMPONENT: usize = 64 << 20;
/// The largest policy, in bytes.
pub const LARGEST_POLICY: usize = 1 << 20;
/// The largest manifest, in bytes.
pub const LARGEST_MANIFEST: usize = 64 << 10;

/// What is to be deployed.
#[derive(Clone, Debug)]
pub struct DeployRequest {
    /// The component.
    pub component: Bytes,
    /// The policy, as the operator wrote it.
    pub policy: String,
    /// The manifest, where the component carries none.
    pub manifest: Option<String>,
    /// Who deploys it.
    pub actor: Actor,
}

impl Inner {
    /// The whole of it, one at a time; a refusal goes on record.
    pub(super) async fn deploy(self: &Arc<Self>, request: DeployRequest, told: Told) -> Result<Deployed, Box<Refused>> {
        let _turn = self.turn.lock().await;
        let actor = request.actor.clone();
        let policy = Policy::parse(&request.policy);
        let subject = policy.as_ref().map_or_else(|_| "-".to_owned(), |policy| policy.adapter.to_string());
        let result = async {
            sizes(&request)?;
            let policy = policy.map_err(|mistakes| of_mistakes(&mistakes))?;
            self.steps(request, Arc::new(policy), &told).await
        };
        let result = result.await;
        match &result {
            Err(refused) => self.note(&actor, ActKind::Deploy, &subject, refused).await,
            Ok(done) => {
                tracing::info!(%actor, adapter = done.adapter, version = done.version, deployment = %done.deployment, "deployed")
            }
        }
        result
    }

    async fn steps(
        self: &Arc<Self>,
        request: DeployRequest,
        policy: Arc<Policy>,
        told: &Told,
    ) -> Result<Deployed, Box<Refused>> {
        self.be_settled().await?;
        let live = self.registry.deployments.live().await.map_err(|error| of_registry(&error))?;
        let before = live.iter().find(|deployment| deployment.adapter == policy.adapter);
        #[cfg(test)]
        self.reach(super::hook::Point::Begun).await;
        let (candidate, version) = self.admit(&request, &policy, &live, told).await?;
        #[cfg(test)]
        self.reach(super::hook::Point::Admitted).await;
        if !policy.smoke.is_empty() {
            told(Step::Smoke);
        }
        let failures = smoke::run(&self.spine, &candidate).await;
        if !failures.is_empty() {
            return Err(of_smoke(failures, policy.smoke.len(), candidate.report.clone()));
        }
        #[cfg(test)]
        self.reach(super::hook::Point::Smoked).await;
        told(Step::Switch);
        let deployment = self.commit(request, &policy, &candidate, version, before).await?;
        #[cfg(test)]
        self.reach(super::hook::Point::Committed).await;
        self.switch(&deployment, &candidate);
        #[cfg(test)]
        self.reach(super::hook::Point::Switched).await;
        Ok(deployed(&deployment, &candidate, before, policy.smoke.len()))
    }

    /// Admit it, and compare it with what is there already.
    async fn admit(
        &self,
        request: &DeployRequest,
        policy: &Arc<Policy>,
        live: &[Deployment],
        told: &Told,
    ) -> Result<(Arc<Candidate>, Version), Box<Refused>> {
        let bytes = request.component.clone();
        let component = tokio::task::spawn_blocking(move || Digest::of(&bytes)).await;
        let component = component.map_err(|_| defect("the digest of the component could not be computed"))?;
        let manifest = request.manifest.as_deref();
        let (component_bytes, routes) = (request.component.clone(), self.spine.routes());
        let (mut report, admitted) =
            self.host.admit(component_bytes, manifest, Arc::clone(policy), &routes, &**told).await;
        let version = self.version(&mut report, policy, admitted.is_some());
        let mut conflicts = conflicts::of_names(live, policy);
        if let Some(version) = &version {
            let taken = conflicts::of_version(&self.registry, policy, version, component).await;
            conflicts.extend(taken.map_err(|error| of_registry(&error))?);
        }
        match (version, admitted) {
            (Some(version), Some(admitted)) if !report.refuses() && conflicts.is_empty() => {
                let policy_digest = Digest::from_bytes(policy.digest());
                let manifest = request.manifest.clone().unwrap_or_default();
                let content = Content { component, policy: policy_digest, manifest };
                let candidate = Candidate::new(content, Arc::clone(policy), &version, report, admitted);
                let candidate = candidate.map_err(|report| of_admission(report, Vec::new()))?;
                Ok((Arc::new(candidate), version))
            }
            _ => Err(of_admission(report, conflicts)),
        }
    }

    /// The version by the report. What the host admitted must have one, and be the adapter that the policy is for.
    fn version(&self, report: &mut nhip_exchange::port::Report, policy: &Policy, admitted: bool) -> Option<Version> {
        let version = report.version.as_deref().and_then(|text| text.parse().ok());
        if admitted && version.is_none() {
            report.refuse("version", "the component's manifest names no version such as `1.0.0`");
        }
        let adapter = policy.adapter.as_str();
        if admitted && report.adapter.as_deref() != Some(adapter) && !report.refuses() {
            report.refuse("adapter", format!("the policy is for `{adapter}`, and the component is another adapter"));
        }
        if !admitted && !report.refuses() {
            report
                .refuse("component", "the host did not admit it and did not say why; this is a defect of the gateway");
        }
        version
    }

    /// Store the component and put it in service in the registry.
    async fn commit(
        self: &Arc<Self>,
        request: DeployRequest,
        policy: &Policy,
        candidate: &Candidate,
        version: Version,
        before: Option<&Deployment>,
    ) -> Result<Deployment, Box<Refused>> {
        self.registry.blobs.put(request.component).await.map_err(|error| of_registry(&error))?;
        #[cfg(test)]
        self.reach(super::hook::Point::Stored).await;
        let new = NewDeployment {
            adapter: policy.adapter.clone(),
            version,
            component: candidate.content.component,
            policy_text: request.policy,
            policy: candidate.content.policy,
            manifest_text: candidate.content.manifest.clone(),
            contracts: candidate.report.contracts.clone(),
            services: policy.services.clone(),
            actor: request.actor.to_string(),
        };
        let expected = before.map(|before| before.id);
        match self.registry.deployments.deploy(new, expected).await {
            Ok(deployment) => Ok(deployment),
            Err(error) => self
                .after_failed_commit(error, &policy.adapter, expected)
                .await?
                .ok_or_else(|| defect("the registry took the adapter out of service instead of deploying it")),
        }
    }
}

fn sizes(request: &DeployRequest) -> Result<(), Box<Refused>> {
    let parts = [
        ("component", request.component.len(), LARGEST_COMPONENT),
        ("policy", request.policy.len(), LARGEST_POLICY),
        ("manifest", request.manifest.as_ref().map_or(0, String::len), LARGEST_MANIFEST),
    ];
    for (part, size, limit) in parts {
        if size > limit {
            let detail = format!("the {part} has {size} bytes, and the limit is {limit}");
            return Err(refuse(RefusedCode::TooLarge, detail, format!("send a {part} within the limit")));
        }
    }
    Ok(())
}
