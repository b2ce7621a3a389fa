//! Sending, fetching and acknowledging single documents.
//!
//! Invariant: what is fetched is byte for byte what was sent; only the receiver moves a delivery's state.

use axum::{
    body::Body,
    extract::{FromRequest, Multipart},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Request;
use sha2::{Digest, Sha256};

use super::{
    Agent,
    answer::{Answer, Refusal, codes},
    directory::Directory,
    dispatch::Call,
    edxml,
    params::{Params, is_digest},
    store::{Document, MessageType, Posting, TransportState},
};

/// The name of the upload's only part.
const PART: &str = "file_doc";

/// `sendEdoc`.
pub(super) async fn send(call: &Call<'_>, request: Request<Body>) -> Result<Answer, Refusal> {
    let kind = call.params.message_type()?.unwrap_or(MessageType::Edoc);
    let claimed = call.params.need("hash-file")?;
    let from = call.params.need("from")?;
    let bytes = upload(request).await?;
    if !is_digest(claimed, &Sha256::digest(&bytes)) {
        let text = "`XroadVnpt-hash-file` is not the SHA-256 of the file";
        return Err(Refusal::new(codes::FILE_HASH, text));
    }
    let summary = edxml::summarise(&bytes)?;
    let directory = call.agent.directory();
    let posting = Posting {
        from: sender(&directory, call.system, from, &summary.from)?,
        to: recipients(&directory, call.params, &summary.to)?,
        kind,
        bytes,
        title: summary.title,
        notation: summary.notation,
    };
    let now = call.agent.now();
    let mut store = call.agent.store();
    let document = store.post(posting, now);
    Ok(Answer::with("DocId", document.doc_id.as_str()))
}

/// The bytes of `file_doc`.
async fn upload(request: Request<Body>) -> Result<Bytes, Refusal> {
    let wrong = |text: String| Refusal::new(codes::INVALID_FILE, text);
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|error| wrong(format!("the upload is not multipart: {}", error.body_text())))?;
    let mut file = None;
    while let Some(part) =
        parts.next_field().await.map_err(|error| wrong(format!("the upload is broken: {}", error.body_text())))?
    {
        let name = part.name().map(str::to_owned);
        let bytes = part.bytes().await;
        let bytes = bytes.map_err(|error| wrong(format!("the upload is broken: {}", error.body_text())))?;
        if name.as_deref() != Some(PART) || file.replace(bytes).is_some() {
            return Err(wrong(format!("the upload must have the one part `{PART}`")));
        }
    }
    file.ok_or_else(|| wrong(format!("the upload has no part `{PART}`")))
}

/// `from` is the code of one of the caller's organisations. Some clients put their system id there instead; then the
/// packet says who it is from.
fn sender(directory: &Directory, system: &str, from: &str, packet_from: &str) -> Result<String, Refusal> {
    let code = if from == system { packet_from } else { from };
    let sender = directory.find(code).filter(|sender| sender.system == system);
    sender.map(|sender| sender.id.clone()).ok_or_else(|| {
        let text = format!("the sender `{code}` is not an organisation of this system");
        Refusal::new(codes::UNKNOWN_SENDER, text)
    })
}

/// `to` is a JSON array of codes. Most clients leave it out; then the packet's own recipients hold.
fn recipients(directory: &Directory, params: &Params, packet_to: &[String]) -> Result<Vec<String>, Refusal> {
    let codes = match params.get("to") {
        None => packet_to.to_vec(),
        Some(text) => serde_json::from_str(text).map_err(|_| {
            let text = "`XroadVnpt-to` must be a JSON array of codes";
            Refusal::new(codes::BAD_PARAMETER, text)
        })?,
    };
    if codes.is_empty() {
        let text = "there is no recipient, neither in `XroadVnpt-to` nor in the packet";
        return Err(Refusal::new(codes::UNKNOWN_RECIPIENT, text));
    }
    let known = codes.iter().map(|code| {
        let recipient = directory.find(code).map(|recipient| recipient.id.clone());
        recipient.ok_or_else(|| {
            let text = format!("the recipient `{code}` is not known");
            Refusal::new(codes::UNKNOWN_RECIPIENT, text)
        })
    });
    known.collect()
}

/// `getEdoc`: base64 in JSON.
pub(super) fn get(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::data(STANDARD.encode(fetch(call)?)))
}

/// `downloadEdoc`: the bytes themselves.
pub(super) fn download(call: &Call<'_>) -> Result<Answer, Refusal> {
    fetch(call).map(Answer::File)
}

/// Reads by the id the caller knows: its own as sender, or the one it received.
fn fetch(call: &Call<'_>) -> Result<Bytes, Refusal> {
    let doc_id = call.params.need("docid")?;
    let directory = call.agent.directory();
    let of_caller = |organisation: &str| {
        let organisation = directory.by_id(organisation);
        organisation.is_some_and(|organisation| organisation.system == call.system)
    };
    let visible = |document: &&Document| {
        let sent = document.doc_id == doc_id && of_caller(&document.from);
        let mut deliveries = document.deliveries.iter();
        sent || deliveries.any(|delivery| delivery.doc_id == doc_id && of_caller(&delivery.to))
    };
    let store = call.agent.store();
    let document = store.find(doc_id).filter(visible);
    document.map(|document| document.bytes.clone()).ok_or_else(|| unknown(doc_id))
}

/// `updateStatus`: the transport state of a received document.
pub(super) fn update_status(call: &Call<'_>) -> Result<Answer, Refusal> {
    let doc_id = call.params.need("docid")?;
    let text = call.params.need("status")?;
    let state = TransportState::parse(text).filter(|state| *state != TransportState::Initial);
    let state = state.ok_or_else(|| {
        let text = format!("`XroadVnpt-status` must be `done`, `fail` or `processing`, not `{text}`");
        Refusal::new(codes::UNKNOWN_STATE, text)
    })?;
    let now = call.agent.now();
    let directory = call.agent.directory();
    let mut store = call.agent.store();
    let delivery = store.delivery(doc_id).ok_or_else(|| unknown(doc_id))?;
    let receiver = directory.by_id(&delivery.to);
    if receiver.is_none_or(|receiver| receiver.system != call.system) {
        return Err(unknown(doc_id));
    }
    delivery.state = state;
    delivery.updated = now;
    Ok(Answer::Ok(serde_json::Map::new()))
}

fn unknown(doc_id: &str) -> Refusal {
    let text = format!("there is no document `{doc_id}` for this system");
    Refusal::new(codes::UNKNOWN_DOCUMENT, text)
}

/// [`super::Vxp::deposit`].
pub(super) fn deposit(agent: &Agent, to: &str, bytes: Bytes, kind: MessageType) -> anyhow::Result<String> {
    let summary = edxml::summarise(&bytes).unwrap_or_default();
    let directory = agent.directory();
    let Some(receiver) = directory.find(to).map(|receiver| receiver.id.clone()) else {
        anyhow::bail!("the recipient `{to}` is not known");
    };
    let known = directory.find(&summary.from).map(|sender| sender.id.clone());
    let posting = Posting {
        from: known.unwrap_or(summary.from),
        to: vec![receiver.clone()],
        kind,
        bytes,
        title: summary.title,
        notation: summary.notation,
    };
    let now = agent.now();
    let mut store = agent.store();
    let document = store.post(posting, now);
    let mut deliveries = document.deliveries.iter();
    let delivery = deliveries.find(|delivery| delivery.to == receiver);
    delivery
        .map(|delivery| delivery.doc_id.clone())
        .ok_or_else(|| anyhow::anyhow!("the document was not delivered to `{to}`"))
}
