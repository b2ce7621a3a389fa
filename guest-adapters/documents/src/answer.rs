//! Answers of the agent: `{"status":"OK"|"FAIL","ErrorCode":…,"ErrorDesc":…,"data":…}`, mostly under HTTP 200 whatever happened.
//!
//! The agent's own error codes are not published. What a code means is looked up in this order: the operator's setting `fault.CODE`; the
//! codes of a provincial axis that does publish its own; words in the description, which is a guess and labelled so in the log. What
//! nobody knows is `upstream-refused`, because an operator has to look at it. The description itself is not handed on: it may repeat values.

use guest::endpoints::Response;
use guest::faults::{Fault, FaultCode};
use guest::logging::Level;
use guest::{Settings, Upstream, upstream_code};
use serde_json::{Map, Value};

/// The members of an answer that says `OK`.
pub(crate) fn members(
    upstream: &Upstream<'_>,
    settings: Settings<'_>,
    response: &Response,
) -> Result<Map<String, Value>, Fault> {
    match serde_json::from_slice(&response.body) {
        Ok(Value::Object(members)) => checked(upstream, settings, members),
        _ => Err(upstream.fault(FaultCode::UpstreamInvalid, "answered what is not a JSON object")),
    }
}

/// The rows of a list. A body that is empty or not JSON is how the agent says that there are none.
pub(crate) fn rows(
    upstream: &Upstream<'_>,
    settings: Settings<'_>,
    response: &Response,
) -> Result<Vec<Map<String, Value>>, Fault> {
    let Ok(text) = std::str::from_utf8(&response.body) else {
        return Err(upstream.fault(FaultCode::UpstreamInvalid, "answered a list that is not text"));
    };
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => data_rows(upstream, checked(upstream, settings, members)?),
        Ok(_) => Err(upstream.fault(FaultCode::UpstreamInvalid, "answered a list in another form")),
        Err(_) => {
            upstream.host.log(Level::Warn, "a list that is not JSON was taken for an empty one");
            Ok(Vec::new())
        }
    }
}

/// The rows in `data`: a list, nothing, or a single object where there is one row.
pub(crate) fn data_rows(
    upstream: &Upstream<'_>,
    mut members: Map<String, Value>,
) -> Result<Vec<Map<String, Value>>, Fault> {
    let wrong = || upstream.fault(FaultCode::UpstreamInvalid, "answered a list whose rows are not objects");
    match members.remove("data") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(row)) => Ok(vec![row]),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(Vec::new()),
        Some(Value::Array(rows)) => {
            let row = |row| if let Value::Object(row) = row { Ok(row) } else { Err(wrong()) };
            rows.into_iter().map(row).collect()
        }
        Some(_) => Err(wrong()),
    }
}

/// The text of a member, numbers and flags included; blank counts as absent.
pub(crate) fn text(row: &Map<String, Value>, name: &str) -> Option<String> {
    let text = match row.get(name)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

fn checked(
    upstream: &Upstream<'_>,
    settings: Settings<'_>,
    members: Map<String, Value>,
) -> Result<Map<String, Value>, Fault> {
    match text(&members, "status") {
        Some(status) if status.eq_ignore_ascii_case("OK") => Ok(members),
        Some(_) => Err(refusal(upstream, settings, &members)?),
        None => Err(upstream.fault(FaultCode::UpstreamInvalid, "answered without a `status`")),
    }
}

fn refusal(upstream: &Upstream<'_>, settings: Settings<'_>, members: &Map<String, Value>) -> Result<Fault, Fault> {
    let code = text(members, "ErrorCode").as_deref().and_then(upstream_code);
    let configured = match &code {
        Some(code) => settings.meaning(code)?,
        None => None,
    };
    let shown = code.as_deref().unwrap_or("none");
    let description = text(members, "ErrorDesc").unwrap_or_default();
    let (meaning, source) = match (configured, published(shown), guess(&description)) {
        (Some(meaning), _, _) => (meaning, "configured"),
        (_, Some(meaning), _) => (meaning, "taken from axes that publish their codes"),
        (_, _, Some(meaning)) => (meaning, "guessed from its description"),
        _ => (FaultCode::UpstreamRefused, "not known: set `fault.CODE`"),
    };
    upstream.host.log(Level::Warn, &format!("what the code `{shown}` means is {source}"));
    let mut fault = upstream.fault(meaning, &format!("refused with the code `{shown}`"));
    fault.upstream_code = code;
    Ok(fault)
}

/// The codes that one provincial axis publishes (the guide of its API, version 2.2).
fn published(code: &str) -> Option<FaultCode> {
    Some(match code {
        // Invalid file, not to the standard, recipient unknown.
        "10" | "22" | "18" => FaultCode::InvalidInput,
        // Wrong system id or secret.
        "15" => FaultCode::UpstreamRefused,
        // Sender not registered.
        "19" => FaultCode::Denied,
        // System error.
        "20" => FaultCode::UpstreamUnavailable,
        // The file could not be processed.
        "21" => FaultCode::UpstreamInvalid,
        // Recipient locked.
        "23" => FaultCode::Conflict,
        _ => return None,
    })
}

/// What the words of a description suggest, the surest first.
fn guess(description: &str) -> Option<FaultCode> {
    const WORDS: &[(FaultCode, &[&str])] = &[
        (FaultCode::InvalidInput, &["recipient", "receiver", "nơi nhận", "đơn vị nhận"]),
        (FaultCode::Denied, &["sender", "nơi gửi", "đơn vị gửi"]),
        (
            FaultCode::UpstreamRefused,
            &[
                "signature",
                "signed",
                "secret",
                "system id",
                "systemid",
                "credential",
                "unauthor",
                "timestamp",
                "chữ ký",
                "xác thực",
            ],
        ),
        (FaultCode::Conflict, &["already", "duplicate", "exists", "locked", "đã tồn tại", "trùng", "khóa"]),
        (FaultCode::NotFound, &["not found", "no document", "no such", "không tồn tại", "không tìm thấy"]),
        (FaultCode::UpstreamUnavailable, &["system error", "internal error", "lỗi hệ thống", "timeout", "quá tải"]),
        (FaultCode::InvalidInput, &["edxml", "xml", "file", "tệp"]),
    ];
    let description = description.to_lowercase();
    let fits = |words: &[&str]| words.iter().any(|word| description.contains(word));
    WORDS.iter().find(|(_, words)| fits(words)).map(|(code, _)| *code)
}
