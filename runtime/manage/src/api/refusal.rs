//! How the control API says no: `application/problem+json`, always with a cure.

use crate::deployments::of_registry;
use crate::wire::{Problem, Refused, RefusedCode, TYPE_PREFIX};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use nhip_registry::RegistryError;

/// A problem that goes out.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Box<Problem>);

impl Refusal {
    /// A problem of a code, with its sentence and cure.
    pub(crate) fn new(status: StatusCode, code: &str, detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self(Box::new(Problem {
            kind: format!("{TYPE_PREFIX}{code}"),
            title: status.canonical_reason().unwrap_or("refused").to_ascii_lowercase(),
            status: status.as_u16(),
            detail: detail.into(),
            cure: Some(cure.into()),
            refused: None,
        }))
    }

    /// What the registry says no to.
    pub(crate) fn of(error: &RegistryError) -> Self {
        let mut refusal = Self::from(of_registry(error));
        // The sentence and the cure are all there is to it.
        refusal.0.refused = None;
        refusal
    }

    /// A request that is not understood.
    pub(crate) fn malformed(detail: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed", detail, cure)
    }
}

impl From<Box<Refused>> for Refusal {
    fn from(refused: Box<Refused>) -> Self {
        let status = match refused.code {
            RefusedCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            RefusedCode::Policy | RefusedCode::Admission | RefusedCode::Smoke => StatusCode::UNPROCESSABLE_ENTITY,
            RefusedCode::Conflict => StatusCode::CONFLICT,
            RefusedCode::NotFound => StatusCode::NOT_FOUND,
            RefusedCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            RefusedCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut refusal = Self::new(status, refused.code.word(), &refused.detail, &refused.cure);
        refusal.0.refused = Some(refused);
        refusal
    }
}

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        Self::of(&error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self.0)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
