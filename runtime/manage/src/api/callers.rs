//! Callers: calling systems and their keys. A key's text goes out once, when it is made.

use super::deployments::noted;
use super::extract::{Json, Name, Params};
use super::{Context, Refusal};
use crate::actor::Actor;
use crate::wire::{Caller, CallerList, IssuedKey, NewCaller, RevokeQuery, Revoked};
use axum::extract::State;
use http::StatusCode;
use nhip_policies::CallerName;
use nhip_registry::{ActKind, NewKey, Revoke};
use std::sync::Arc;

/// `GET /api/callers`.
pub(crate) async fn list(State(context): State<Arc<Context>>) -> Result<axum::Json<CallerList>, Refusal> {
    let callers = context.registry.callers.list().await?;
    Ok(axum::Json(CallerList { callers: callers.into_iter().map(Caller::from).collect() }))
}

/// `POST /api/callers`.
pub(crate) async fn add(
    State(context): State<Arc<Context>>,
    actor: Actor,
    Json(NewCaller { name }): Json<NewCaller>,
) -> Result<(StatusCode, axum::Json<IssuedKey>), Refusal> {
    let name: CallerName = match name.parse() {
        Ok(name) => name,
        Err(invalid) => {
            let refusal = Refusal::malformed(invalid.to_string(), "choose another name");
            return Err(noted(&context, &actor, ActKind::CallerAdd, "-", refusal).await);
        }
    };
    match context.registry.callers.add(&name, actor.as_str()).await {
        Ok(key) => Ok(issued(&name, &key)),
        Err(error) => Err(noted(&context, &actor, ActKind::CallerAdd, &name, error.into()).await),
    }
}

/// `POST /api/callers/{name}/keys`.
pub(crate) async fn add_key(
    State(context): State<Arc<Context>>,
    Name(name): Name<CallerName>,
    actor: Actor,
) -> Result<(StatusCode, axum::Json<IssuedKey>), Refusal> {
    match context.registry.callers.add_key(&name, actor.as_str()).await {
        Ok(key) => Ok(issued(&name, &key)),
        Err(error) => Err(noted(&context, &actor, ActKind::KeyAdd, &name, error.into()).await),
    }
}

/// `DELETE /api/callers/{name}`, with `?key=` for one key alone.
pub(crate) async fn revoke(
    State(context): State<Arc<Context>>,
    Name(name): Name<CallerName>,
    Params(RevokeQuery { key }): Params<RevokeQuery>,
    actor: Actor,
) -> Result<axum::Json<Revoked>, Refusal> {
    let which = key.map_or(Revoke::All, Revoke::Key);
    match context.registry.callers.revoke(&name, which, actor.as_str()).await {
        Ok(revoked) => Ok(axum::Json(Revoked { caller: name.to_string(), revoked })),
        Err(error) => Err(noted(&context, &actor, ActKind::KeyRevoke, &name, error.into()).await),
    }
}

fn issued(caller: &CallerName, key: &NewKey) -> (StatusCode, axum::Json<IssuedKey>) {
    let issued = IssuedKey { caller: caller.to_string(), id: key.id(), key: key.reveal().to_owned() };
    (StatusCode::CREATED, axum::Json(issued))
}
