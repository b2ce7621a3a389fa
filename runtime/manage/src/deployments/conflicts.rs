//! Conflicts: public names and versions that are taken already, looked up before the work of admission is wasted.
//!
//! The registry decides again inside its transaction; this is so that the operator hears everything at once.

use crate::wire::Conflict;
use nhip_exchange::Digest;
use nhip_policies::Policy;
use nhip_registry::{Deployment, Registry, RegistryError};
use semver::Version;

/// The public names of the policy that other adapters serve.
pub(crate) fn of_names(live: &[Deployment], policy: &Policy) -> Vec<Conflict> {
    let others = || live.iter().filter(|other| other.adapter != policy.adapter);
    policy
        .services
        .keys()
        .filter_map(|service| {
            let holder = others().find(|other| other.services.contains_key(service))?;
            let error = RegistryError::ServiceTaken {
                service: service.clone(),
                by: holder.adapter.clone(),
                adapter: policy.adapter.clone(),
            };
            Some(Conflict { subject: service.to_string(), message: error.to_string() })
        })
        .collect()
}

/// The version, if it is known with another component.
pub(crate) async fn of_version(
    registry: &Registry,
    policy: &Policy,
    version: &Version,
    component: Digest,
) -> Result<Option<Conflict>, RegistryError> {
    let known = registry.versions.of(&policy.adapter).await?;
    let taken = known.into_iter().find(|known| known.version == *version && known.component != component);
    Ok(taken.map(|known| {
        let error = RegistryError::VersionTaken {
            adapter: known.adapter,
            version: Box::new(known.version),
            known: known.component,
            given: component,
        };
        Conflict { subject: version.to_string(), message: error.to_string() }
    }))
}
