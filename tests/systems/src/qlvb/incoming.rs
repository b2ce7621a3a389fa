//! Pushing a document that came in.
//!
//! Invariant: every request that reaches the handler leaves one entry in the log, refused ones included.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Office, QlvbRequest, StoredDocument};
use crate::faults::apply::Injected;

/// The members that matter here. Further ones are the system's to use or not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Push {
    packet_id: String,
    document_id: Option<String>,
    sha256: String,
    sender: Sender,
    subject: Option<String>,
    edxml: String,
}

#[derive(Deserialize)]
struct Sender {
    code: String,
}

/// The handler of `POST /incoming-documents`.
pub(super) async fn push(
    State(office): State<Arc<Office>>,
    injected: Option<Extension<Injected>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.to_owned());
    let mut entry = QlvbRequest { key: text("idempotency-key"), ..QlvbRequest::default() };
    let proven = injected.is_none() && text(AUTHORIZATION.as_str()) == Some(format!("Bearer {}", office.config.token));
    let response = match proven {
        true => take(&office, &body, &mut entry).unwrap_or_else(IntoResponse::into_response),
        false => Refusal(StatusCode::UNAUTHORIZED, "the token is not one").into_response(),
    };
    entry.status = response.status().as_u16();
    office.store().requests.push(entry);
    response
}

fn take(office: &Office, body: &[u8], entry: &mut QlvbRequest) -> Result<Response, Refusal> {
    let key = entry.key.clone().ok_or(Refusal(StatusCode::BAD_REQUEST, "`Idempotency-Key` is missing"))?;
    let push: Push =
        serde_json::from_slice(body).map_err(|_| Refusal(StatusCode::BAD_REQUEST, "the body is not as agreed"))?;
    entry.packet_id = Some(push.packet_id.clone());
    let edxml = STANDARD.decode(&push.edxml).map_err(|_| Refusal(StatusCode::BAD_REQUEST, "`edxml` is not base64"))?;
    let digest: String = Sha256::digest(&edxml).iter().map(|byte| format!("{byte:02x}")).collect();
    if digest != push.sha256 {
        return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "`sha256` is not that of `edxml`"));
    }
    let mut store = office.store();
    if store.keys.entry(key.clone()).or_insert_with(|| digest.clone()) != &digest {
        return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "the key came with other bytes before"));
    }
    let id = push.document_id.clone().unwrap_or_else(|| push.packet_id.clone());
    let next = store.documents.len();
    let number = *store.known.entry((id, digest.clone())).or_insert(next);
    entry.repeat = number < next;
    let status = match (entry.repeat, office.config.repeats_conflict) {
        (false, _) => StatusCode::CREATED,
        (true, false) => StatusCode::OK,
        (true, true) => StatusCode::CONFLICT,
    };
    if !entry.repeat {
        store.documents.push(StoredDocument {
            document_id: push.document_id,
            packet_id: push.packet_id,
            sender: push.sender.code,
            subject: push.subject,
            edxml: edxml.into(),
            key,
        });
    }
    Ok((status, Json(json!({ "sha256": digest, "number": number + 1 }))).into_response())
}

/// A status with one sentence.
struct Refusal(StatusCode, &'static str);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}
