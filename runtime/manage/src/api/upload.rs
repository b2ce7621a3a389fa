//! Reading the parts of a deployment: `multipart/form-data` (RFC 7578) with `component`, `policy` and `manifest`.
//!
//! Invariant: no more is held than the limits of the parts, whatever is sent. What is too large is read on and thrown
//! away, up to a point, so that the client hears why rather than find its connection broken.

use super::extract::too_slow;
use super::{Context, Refusal};
use crate::deployments::{LARGEST_COMPONENT, LARGEST_MANIFEST, LARGEST_POLICY};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use std::sync::Arc;
use tokio::time::timeout;

/// The most bytes that are read of one upload.
const MOST: usize = 4 * LARGEST_COMPONENT;
const CURE: &str = "send `multipart/form-data` with the parts `component` and `policy`, and `manifest` where the component carries none";

/// The parts.
pub(crate) struct Upload {
    pub(crate) component: Bytes,
    pub(crate) policy: String,
    pub(crate) manifest: Option<String>,
}

impl FromRequest<Arc<Context>> for Upload {
    type Rejection = Refusal;

    async fn from_request(mut request: Request, context: &Arc<Context>) -> Result<Self, Refusal> {
        DefaultBodyLimit::max(MOST).apply(&mut request);
        let parts = Multipart::from_request(request, context)
            .await
            .map_err(|rejection| Refusal::malformed(rejection.body_text(), CURE))?;
        timeout(context.limits.upload_time, read(parts)).await.unwrap_or_else(|_| Err(too_slow()))
    }
}

async fn read(mut parts: Multipart) -> Result<Upload, Refusal> {
    let (mut component, mut policy, mut manifest) = (None, None, None);
    while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
        let name = part.name().unwrap_or_default().to_owned();
        let (place, limit) = match name.as_str() {
            "component" => (&mut component, LARGEST_COMPONENT),
            "policy" => (&mut policy, LARGEST_POLICY),
            "manifest" => (&mut manifest, LARGEST_MANIFEST),
            _ => return Err(Refusal::malformed("the upload has a part of another name", CURE)),
        };
        if place.is_some() {
            return Err(Refusal::malformed(format!("the part `{name}` comes twice"), CURE));
        }
        *place = Some(read_part(part, &name, limit).await?);
    }
    let missing = |name: &str| Refusal::malformed(format!("the part `{name}` is missing"), CURE);
    Ok(Upload {
        component: component.ok_or_else(|| missing("component"))?,
        policy: text(policy.ok_or_else(|| missing("policy"))?, "policy")?,
        manifest: manifest.map(|manifest| text(manifest, "manifest")).transpose()?,
    })
}

/// The bytes of one part, within its limit.
async fn read_part(mut part: Field<'_>, name: &str, limit: usize) -> Result<Bytes, Refusal> {
    let mut bytes = BytesMut::new();
    let mut size = 0_usize;
    while let Some(chunk) = part.chunk().await.map_err(|error| broken(&error))? {
        size = size.saturating_add(chunk.len());
        if size <= limit {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = BytesMut::new();
        }
    }
    if size > limit {
        return Err(too_large(format!("the {name} has {size} bytes, and the limit is {limit}")));
    }
    Ok(bytes.freeze())
}

fn text(bytes: Bytes, name: &str) -> Result<String, Refusal> {
    String::from_utf8(bytes.into()).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        Refusal::malformed(format!("the {name} is not UTF-8 text (byte {place})"), "save the file as UTF-8")
    })
}

fn broken(error: &MultipartError) -> Refusal {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large(format!("the upload is larger than {MOST} bytes"));
    }
    Refusal::malformed(format!("the upload cannot be read: {}", error.body_text()), CURE)
}

fn too_large(detail: String) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail, "send less")
}
