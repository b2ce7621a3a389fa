//! What all changes share: admitting from the registry, learning how a commit ended, swapping, noting refusals.

use super::Inner;
use super::candidate::{Candidate, Content};
use super::refusal::{chain, of_admission, of_registry, refuse};
use super::restore::Again;
use super::state::State;
use crate::actor::Actor;
use crate::wire::{Deployed, Refused, RefusedCode, Replaced, Served};
use nhip_exchange::Digest;
use nhip_policies::{AdapterName, Policy};
use nhip_registry::{ActKind, Deployment, DeploymentId, RegistryError};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long until the registry is asked again.
const PAUSE: Duration = Duration::from_secs(1);
/// The most findings, mistakes and the like of one refusal that go on record: a hostile component can cause any
/// number.
const NOTED: usize = 32;
/// The most characters of each.
const NOTED_TEXT: usize = 300;

impl Inner {
    /// A deployment on record, ready to serve: from memory, or admitted again.
    pub(super) async fn ready(&self, deployment: &Deployment) -> Result<Arc<Candidate>, Box<Refused>> {
        let content = Content::of(deployment);
        if let Some(candidate) = self.state.load().find(&deployment.adapter, &content) {
            return Ok(candidate);
        }
        let policy =
            Policy::parse(&deployment.policy_text).map_err(|mistakes| super::refusal::of_mistakes(&mistakes))?;
        if Digest::from_bytes(policy.digest()) != deployment.policy {
            // Another version of the gateway read the same text otherwise: what it would grant now was never decided.
            let cure = "deploy the component again with the policy that you want";
            let detail = format!(
                "the policy of deployment {} means something else to this gateway than to the one it was deployed with",
                deployment.id
            );
            return Err(refuse(RefusedCode::Policy, detail, cure));
        }
        let component = self.registry.blobs.get(&deployment.component).await.map_err(|error| of_registry(&error))?;
        let manifest = Some(content.manifest.as_str()).filter(|text| !text.is_empty());
        let policy = Arc::new(policy);
        let (report, admitted) = self.host.admit(component, manifest, Arc::clone(&policy), &|_| {}).await;
        match admitted {
            Some(admitted) if !report.refuses() => {
                let candidate = Candidate::new(content, policy, &deployment.version, report, admitted);
                candidate.map(Arc::new).map_err(|report| of_admission(report, Vec::new()))
            }
            _ => Err(of_admission(report, Vec::new())),
        }
    }

    /// Serve a committed deployment. Nothing here can fail.
    pub(super) fn switch(&self, deployment: &Deployment, candidate: &Arc<Candidate>) {
        self.ledger.add(&candidate.live);
        self.apply(self.state.load().with(deployment, Arc::clone(candidate)));
    }

    /// Replace the snapshot, and the routes with it.
    pub(super) fn apply(&self, state: State) {
        self.spine.set_routes(state.routes());
        self.state.store(Arc::new(state));
    }

    /// The refusal of a commit that failed; or, when it turns out to have happened all the same, what is live.
    pub(super) async fn after_failed_commit(
        self: &Arc<Self>,
        error: RegistryError,
        adapter: &AdapterName,
        before: Option<DeploymentId>,
    ) -> Result<Option<Deployment>, Box<Refused>> {
        if !error.is_unavailable() {
            return Err(of_registry(&error));
        }
        match self.registry.deployments.live_of(adapter).await {
            Ok(now) if now.as_ref().map(|now| now.id) != before => {
                tracing::warn!(%adapter, error = chain(&error), "the registry reported a failure, but the change was kept");
                Ok(now)
            }
            Ok(_) => Err(of_registry(&error)),
            Err(_) => {
                self.settle_later();
                let mut refused = of_registry(&error);
                refused.detail.push_str("; whether the change was kept will be known when it answers again");
                Err(refused)
            }
        }
    }

    /// Ask the registry until it says what is live, and serve that.
    pub(super) fn settle_later(self: &Arc<Self>) {
        if self.unsettled.swap(true, Ordering::Relaxed) {
            return;
        }
        let this = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PAUSE).await;
                // Nobody holds the gateway any more: there is nothing to serve.
                let Some(this) = this.upgrade() else { return };
                let _turn = this.turn.lock().await;
                if !this.unsettled.load(Ordering::Relaxed) || this.settle(Again::All).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Before a change: what is not known must be, first.
    pub(super) async fn be_settled(&self) -> Result<(), Box<Refused>> {
        if self.unsettled.load(Ordering::Relaxed) {
            self.settle(Again::All).await.map_err(|error| of_registry(&error))?;
        }
        Ok(())
    }

    /// Put on record that something was tried. The refusal stands even when this fails.
    pub(super) async fn note(&self, actor: &Actor, kind: ActKind, subject: &str, refused: &Refused) {
        let detail = detail(refused);
        tracing::warn!(%actor, act = kind.word(), subject, code = refused.code.word(), detail = refused.detail, "a control act was refused");
        if let Err(error) = self.registry.acts.note_refusal(actor.as_str(), kind, subject, &detail).await {
            tracing::error!(error = chain(&error), "cannot put a refused control act on record");
        }
    }

    #[cfg(test)]
    pub(super) async fn reach(&self, point: super::hook::Point) {
        self.hook.reach(point).await;
    }
}

/// What is told of a deployment that went live.
pub(super) fn deployed(
    deployment: &Deployment,
    candidate: &Candidate,
    replaced: Option<&Deployment>,
    smoke: usize,
) -> Deployed {
    let services = deployment.services.iter();
    Deployed {
        deployment: deployment.id,
        adapter: deployment.adapter.to_string(),
        version: deployment.version.to_string(),
        component: deployment.component,
        policy: deployment.policy,
        services: services
            .map(|(name, contract)| Served { service: name.to_string(), contract: contract.to_string() })
            .collect(),
        replaced: replaced.map(self::replaced),
        restores: deployment.restores,
        smoke,
        report: candidate.report.clone(),
    }
}

/// What is told of the deployment that was live before.
pub(super) fn replaced(before: &Deployment) -> Replaced {
    Replaced { deployment: before.id, version: before.version.to_string() }
}

/// What stands in the acts of a refusal.
fn detail(refused: &Refused) -> Value {
    let cut = |text: &str| text.chars().take(NOTED_TEXT).collect::<String>();
    let findings = refused.report.iter().flat_map(|report| &report.findings).filter(|finding| finding.refuses);
    let findings = findings.map(|finding| format!("{}: {}", finding.subject, finding.message));
    let mistakes = refused.mistakes.iter().map(|at| format!("{}:{} {}: {}", at.line, at.column, at.key, at.message));
    let conflicts = refused.conflicts.iter().map(|conflict| conflict.message.clone());
    let smoke = refused.smoke.iter().map(|call| {
        format!(
            "smoke {}: {}.{} expected {}, came {}",
            call.number, call.service, call.function, call.expected, call.came
        )
    });
    let wrong: Vec<String> =
        mistakes.chain(findings).chain(conflicts).chain(smoke).take(NOTED).map(|text| cut(&text)).collect();
    json!({
        "code": refused.code,
        "detail": cut(&refused.detail),
        "wrong": wrong,
        "component": refused.report.as_ref().and_then(|report| report.digest),
    })
}
