//! Changing what is live: deploy, roll back, retire. How these work is in [`crate::deployments`].

use super::extract::{MaybeJson, Name};
use super::upload::Upload;
use super::{Context, Refusal};
use crate::actor::Actor;
use crate::deployments::{DeployRequest, Told};
use crate::wire::{Deployed, Line, Retired, Rollback};
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use nhip_policies::AdapterName;
use nhip_registry::ActKind;
use semver::Version;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// `POST /api/deployments`: the steps as they happen, then the end, one JSON document a line. The status is 200 once
/// the upload was read; how the deployment ended is in the last line.
pub(crate) async fn deploy(
    State(context): State<Arc<Context>>,
    actor: Actor,
    request: Request,
) -> Result<Response, Refusal> {
    // Held until the deployment ends: an upload is in memory until then. The semaphore is never closed.
    let place = Arc::clone(&context.uploads).acquire_owned().await;
    let upload = match Upload::from_request(request, &context).await {
        Ok(upload) => upload,
        Err(refusal) => return Err(noted(&context, &actor, ActKind::Deploy, "-", refusal).await),
    };
    let Upload { component, policy, manifest } = upload;
    let request = DeployRequest { component, policy, manifest, actor };
    // Unbounded, yet small: four steps and an end.
    let (lines, receive) = mpsc::unbounded_channel();
    let told: Told = Arc::new({
        let lines = lines.clone();
        move |step: nhip_exchange::port::Step| drop(lines.send(Line::Step(step.into())))
    });
    tokio::spawn(async move {
        let _place = place;
        let end = match context.deployments.deploy(request, told).await {
            Ok(deployed) => Line::Deployed(Box::new(deployed)),
            Err(refused) => Line::Refused(refused),
        };
        // Nobody listens when the client went away; the deployment happened all the same.
        let _ = lines.send(end);
    });
    let body = futures_util::stream::unfold(receive, |mut receive| async {
        let line = receive.recv().await?;
        Some((Ok::<_, Infallible>(written(&line)), receive))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response())
}

/// `POST /api/adapters/{name}/rollback`.
pub(crate) async fn rollback(
    State(context): State<Arc<Context>>,
    Name(adapter): Name<AdapterName>,
    actor: Actor,
    MaybeJson(Rollback { to }): MaybeJson<Rollback>,
) -> Result<Json<Deployed>, Refusal> {
    let to = match to.as_deref().map(str::parse::<Version>).transpose() {
        Ok(to) => to,
        Err(_) => {
            let refusal = Refusal::malformed("`to` is not a version", "write it as `1.0.0`");
            return Err(noted(&context, &actor, ActKind::Rollback, &adapter, refusal).await);
        }
    };
    Ok(Json(context.deployments.rollback(adapter, to, actor).await?))
}

/// `DELETE /api/adapters/{name}`.
pub(crate) async fn retire(
    State(context): State<Arc<Context>>,
    Name(adapter): Name<AdapterName>,
    actor: Actor,
) -> Result<Json<Retired>, Refusal> {
    Ok(Json(context.deployments.retire(adapter, actor).await?))
}

/// Put on record that something was tried and refused before it came to the matter.
pub(super) async fn noted(context: &Context, actor: &Actor, kind: ActKind, subject: &str, refusal: Refusal) -> Refusal {
    let detail = serde_json::json!({ "code": refusal.0.code(), "detail": refusal.0.detail });
    tracing::warn!(%actor, act = kind.word(), subject, code = refusal.0.code(), detail = refusal.0.detail, "a control act was refused");
    if let Err(error) = context.registry.acts.note_refusal(actor.as_str(), kind, subject, &detail).await {
        tracing::error!(error = crate::deployments::chain(&error), "cannot put a refused control act on record");
    }
    refusal
}

/// One line.
fn written(line: &Line) -> Bytes {
    // These types hold nothing that JSON cannot say.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
