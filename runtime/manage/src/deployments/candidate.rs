//! A candidate: an admitted component under its policy, ready to serve, whether it is live or not.
//!
//! Invariant: what it serves are exactly the services of its policy.

use nhip_exchange::port::{Admitted, Report};
use nhip_exchange::stats::Stats;
use nhip_exchange::{Digest, Live, Service, Slots};
use nhip_policies::Policy;
use nhip_registry::Deployment;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What makes two deployments the same to serve.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Content {
    pub(crate) component: Digest,
    pub(crate) policy: Digest,
    /// The manifest given beside the component; empty when its own was used.
    pub(crate) manifest: String,
}

impl Content {
    /// The content of a deployment on record.
    pub(crate) fn of(deployment: &Deployment) -> Self {
        Self { component: deployment.component, policy: deployment.policy, manifest: deployment.manifest_text.clone() }
    }
}

/// An admitted component under its policy.
pub(crate) struct Candidate {
    pub(crate) content: Content,
    pub(crate) live: Arc<Live>,
    pub(crate) services: Vec<Arc<Service>>,
    pub(crate) report: Report,
}

impl Candidate {
    /// Make one of what the host admitted. Gives the report back, with what is wrong, when the two do not agree: that
    /// is a defect of the host, and must not become a route.
    pub(crate) fn new(
        content: Content,
        policy: Arc<Policy>,
        version: &semver::Version,
        mut report: Report,
        admitted: Admitted,
    ) -> Result<Self, Report> {
        let granted: BTreeSet<(String, String)> =
            policy.services.iter().map(|(name, contract)| (name.to_string(), contract.to_string())).collect();
        let described: BTreeSet<(String, String)> =
            admitted.services.iter().map(|service| (service.name.clone(), service.contract.clone())).collect();
        if granted != described {
            report.refuse(
                "services",
                "the host describes other services than the policy grants; this is a defect of the gateway",
            );
            return Err(report);
        }
        let live = Arc::new(Live {
            adapter: policy.adapter.as_str().into(),
            version: version.to_string().into(),
            component: content.component,
            policy_digest: content.policy,
            slots: Slots::new(usize::try_from(policy.limits.concurrency).unwrap_or(usize::MAX)),
            handle: admitted.adapter,
            stats: Stats::default(),
            policy,
        });
        let services = admitted
            .services
            .into_iter()
            .map(|service| {
                Arc::new(Service {
                    name: service.name.into(),
                    contract: service.contract,
                    functions: service.functions.into_iter().collect(),
                    summary: service.summary,
                    openapi: service.openapi,
                    live: Arc::clone(&live),
                })
            })
            .collect();
        Ok(Self { content, live, services, report })
    }

    /// The service of that name.
    pub(crate) fn service(&self, name: &str) -> Option<&Arc<Service>> {
        self.services.iter().find(|service| service.name == name)
    }
}
