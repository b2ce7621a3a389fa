//! What is in service: for each adapter at most one deployment, and the public names that it serves.
//!
//! Invariant: a public name belongs to one adapter, and the names in the table are exactly those of the live
//! deployments. Only deploying, rolling back and retiring come here, each inside its own transaction.

use crate::deployment::{Deployment, DeploymentId};
use crate::error::{RegistryError, cannot, corrupt};
use crate::store::Connection;
use nhip_policies::AdapterName;

/// The live deployment of an adapter.
pub(crate) async fn of(reading: &mut Connection, adapter: &AdapterName) -> Result<Option<DeploymentId>, RegistryError> {
    let live: Option<i64> = sqlx::query_scalar("SELECT deployment FROM live WHERE adapter = $1")
        .bind(adapter.as_str())
        .fetch_optional(reading)
        .await
        .map_err(cannot("be read"))?;
    Ok(live.map(DeploymentId::from_db))
}

/// Refuse to go on when something else is live than was when the change was decided.
pub(crate) async fn unchanged(
    change: &mut Connection,
    adapter: &AdapterName,
    expected: Option<DeploymentId>,
) -> Result<(), RegistryError> {
    let found = of(change, adapter).await?;
    if found == expected {
        return Ok(());
    }
    Err(RegistryError::Changed { adapter: adapter.clone(), expected, found })
}

/// Put a deployment in service, in the place of what is.
pub(crate) async fn put(change: &mut Connection, deployment: &Deployment) -> Result<(), RegistryError> {
    sqlx::query(
        "INSERT INTO live (adapter, deployment) VALUES ($1, $2) \
         ON CONFLICT (adapter) DO UPDATE SET deployment = excluded.deployment",
    )
    .bind(deployment.adapter.as_str())
    .bind(deployment.id.to_db())
    .execute(&mut *change)
    .await
    .map_err(cannot("put a deployment in service"))?;
    give_up_names(change, &deployment.adapter).await?;
    for (name, contract) in &deployment.services {
        let holder: Option<String> = sqlx::query_scalar("SELECT adapter FROM services WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&mut *change)
            .await
            .map_err(cannot("be read"))?;
        if let Some(holder) = holder {
            let by = holder.parse().map_err(corrupt(format!("the service `{name}`")))?;
            return Err(RegistryError::ServiceTaken { service: name.clone(), by, adapter: deployment.adapter.clone() });
        }
        sqlx::query("INSERT INTO services (name, adapter, contract) VALUES ($1, $2, $3)")
            .bind(name.as_str())
            .bind(deployment.adapter.as_str())
            .bind(contract.to_string())
            .execute(&mut *change)
            .await
            .map_err(cannot("name a service"))?;
    }
    Ok(())
}

/// Take an adapter out of service.
pub(crate) async fn remove(change: &mut Connection, adapter: &AdapterName) -> Result<(), RegistryError> {
    give_up_names(change, adapter).await?;
    sqlx::query("DELETE FROM live WHERE adapter = $1")
        .bind(adapter.as_str())
        .execute(change)
        .await
        .map_err(cannot("take a deployment out of service"))?;
    Ok(())
}

async fn give_up_names(change: &mut Connection, adapter: &AdapterName) -> Result<(), RegistryError> {
    sqlx::query("DELETE FROM services WHERE adapter = $1")
        .bind(adapter.as_str())
        .execute(change)
        .await
        .map_err(cannot("free the names of services"))?;
    Ok(())
}
