//! The answers of the agent, and its refusals.
//!
//! Invariant: a refusal names what is wrong and repeats no secret and no signature. `DocId` is in every answer, empty
//! when there is none, because the SDK reads it without asking whether it is there.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

/// `ErrorCode` values. Our own proposal: those of the national agent are not published. Two-digit ones are borrowed
/// from a provincial axis that publishes its own, where the meaning is the same.
pub mod codes {
    /// All is well.
    pub const OK: &str = "0";
    /// The upload is missing or is not XML.
    pub const INVALID_FILE: &str = "10";
    /// Unknown system, or wrong secret: the signature does not fit.
    pub const WRONG_CREDENTIALS: &str = "15";
    /// A recipient is not known, or there is none.
    pub const UNKNOWN_RECIPIENT: &str = "18";
    /// The sender is not an organisation of the calling system.
    pub const UNKNOWN_SENDER: &str = "19";
    /// The upload is XML but not edXML.
    pub const NOT_EDXML: &str = "22";
    /// `sign-header-key`, `sign-header` and the real headers disagree.
    pub const SIGNED_HEADERS: &str = "901";
    /// `timestamp` is missing, malformed or expired.
    pub const TIMESTAMP: &str = "902";
    /// A mandatory parameter is missing.
    pub const MISSING: &str = "903";
    /// A parameter is malformed.
    pub const BAD_PARAMETER: &str = "904";
    /// `hash-file` is not the digest of the upload.
    pub const FILE_HASH: &str = "905";
    /// No such document for this caller.
    pub const UNKNOWN_DOCUMENT: &str = "906";
    /// `updateStatus` with a state that does not exist.
    pub const UNKNOWN_STATE: &str = "907";
    /// An agency cannot be registered or deleted.
    pub const AGENCY: &str = "908";
    /// No such operation, or not with this method.
    pub const UNKNOWN_OPERATION: &str = "909";
}

/// Why the agent does not do what it was asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) text: String,
}

impl Refusal {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"status": "FAIL", "ErrorCode": self.code, "ErrorDesc": self.text, "DocId": ""});
        Json(body).into_response()
    }
}

/// What an operation answers when it succeeds.
#[derive(Debug)]
pub(super) enum Answer {
    /// `status: OK` with these further members.
    Ok(Map<String, Value>),
    /// Nothing at all: how the agent says that a list of received documents is empty.
    Empty,
    /// The document itself.
    File(Bytes),
}

impl Answer {
    /// `status: OK` with one further member.
    pub(super) fn with(member: &str, value: impl Into<Value>) -> Self {
        Self::Ok(Map::from_iter([(member.to_owned(), value.into())]))
    }

    /// `status: OK` with `data`.
    pub(super) fn data(value: impl Into<Value>) -> Self {
        Self::with("data", value)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Ok(members) => {
                let mut body = Map::from_iter([
                    ("status".into(), "OK".into()),
                    ("ErrorCode".into(), codes::OK.into()),
                    ("ErrorDesc".into(), "Success".into()),
                    ("DocId".into(), "".into()),
                ]);
                body.extend(members);
                Json(body).into_response()
            }
            Self::Empty => ([(CONTENT_TYPE, "application/json")], "").into_response(),
            Self::File(bytes) => ([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response(),
        }
    }
}
