//! Reading a request: its name, its query, its JSON body and who it is from. What does not fit is refused as a
//! problem with a cure; an unknown member or parameter is a mistake, never ignored.

use super::{Context, Refusal};
use crate::actor::Actor;
use crate::wire::OPERATOR_HEADER;
use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use nhip_policies::Invalid;
use serde::de::DeserializeOwned;
use std::str::FromStr;
use std::sync::Arc;
use tokio::time::timeout;

/// The `{name}` of the address.
pub(crate) struct Name<T>(pub(crate) T);

impl<T: FromStr<Err = Invalid> + Send> FromRequestParts<Arc<Context>> for Name<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Refusal> {
        let cure = "a name is lower-case letters, digits and single hyphens, a letter first";
        let Path(name) = Path::<String>::from_request_parts(parts, context)
            .await
            .map_err(|_| Refusal::malformed("the name in the address is not text", cure))?;
        name.parse().map(Self).map_err(|invalid: Invalid| {
            Refusal::malformed(invalid.message, invalid.hint.unwrap_or_else(|| cure.to_owned()))
        })
    }
}

/// The parameters after the `?`.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Context>> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, context: &Arc<Context>) -> Result<Self, Refusal> {
        match Query::<T>::from_request_parts(parts, context).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                let detail = format!("the query does not fit: {}", rejection.body_text());
                Err(Refusal::malformed(detail, "leave out what is unknown; times are milliseconds since 1970"))
            }
        }
    }
}

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequest<Arc<Context>> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<Self, Refusal> {
        // A web page can send a form anywhere without asking; it cannot send this type.
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json") {
            let cure = "send JSON with `Content-Type: application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "the body is not JSON", cure));
        }
        let bytes = read(request.into_body(), context).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            Refusal::malformed(
                format!("the body does not fit: {error}"),
                "send the members that this address takes, as JSON",
            )
        })
    }
}

/// A JSON body that may be left out.
pub(crate) struct MaybeJson<T>(pub(crate) T);

impl<T: DeserializeOwned + Default + Send> FromRequest<Arc<Context>> for MaybeJson<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, context: &Arc<Context>) -> Result<Self, Refusal> {
        if !request.headers().contains_key(CONTENT_TYPE) {
            return match read(request.into_body(), context).await? {
                empty if empty.is_empty() => Ok(Self(T::default())),
                _ => Err(Refusal::malformed("the body has no type", "send JSON with `Content-Type: application/json`")),
            };
        }
        Json::from_request(request, context).await.map(|Json(value)| Self(value))
    }
}

impl FromRequestParts<Arc<Context>> for Actor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Context>) -> Result<Self, Refusal> {
        let mut names = parts.headers.get_all(OPERATOR_HEADER).iter();
        let Some(name) = names.next() else {
            return Ok(Self::admin());
        };
        let actor = Self::operator(name.as_bytes()).ok().filter(|_| names.next().is_none());
        actor.ok_or_else(|| {
            let detail = format!("the header `{OPERATOR_HEADER}` does not hold one name");
            Refusal::malformed(detail, "send 1 to 64 letters, digits and `. _ @ -`, or leave it out")
        })
    }
}

/// The whole body, within the limits.
async fn read(body: Body, context: &Context) -> Result<Bytes, Refusal> {
    let limit = context.limits.body;
    match timeout(context.limits.body_time, Limited::new(body, limit).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("the body is larger than {limit} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail, "send less"))
        }
        Ok(Err(_)) => Err(Refusal::malformed("the body ended too early", "send it again")),
        Err(_) => Err(too_slow()),
    }
}

/// A body that did not arrive in time.
pub(crate) fn too_slow() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not arrive in time", "send it again")
}
