//! The directory operations: three lists, registering, deleting.
//!
//! Invariant: a system registers and deletes organisations of its own only. What the real agent checks here is not
//! published: the checks are our own proposal.

use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Refusal, codes},
    directory::{Entry, Organisation},
    dispatch::Call,
    lists::written,
};

const BODY_LIMIT: usize = 64 * 1024;

/// `getAgenciesList`: `code` is the one of QCVN 102.
pub(super) fn list(call: &Call<'_>) -> Answer {
    let directory = call.agent.directory();
    let rows = directory.live().map(|o| {
        json!({"id": o.id, "pid": o.parent, "code": o.address(), "oldCode": o.code102, "name": o.name, "mail": o.mail})
    });
    Answer::data(rows.collect::<Vec<Value>>())
}

/// `getAgenciesListQD20`: `code` is the one of QĐ 20/2020, `code102` the older one.
pub(super) fn list_qd20(call: &Call<'_>) -> Answer {
    let directory = call.agent.directory();
    let rows = directory.live().map(
        |o| json!({"id": o.id, "pid": o.parent, "code": o.code, "code102": o.code102, "name": o.name, "mail": o.mail}),
    );
    Answer::data(rows.collect::<Vec<Value>>())
}

/// `getSynchronizeUnit`: deleted ones included, so that a copy can be brought up to date.
pub(super) fn synchronize(call: &Call<'_>) -> Answer {
    let directory = call.agent.directory();
    let version = directory.version();
    let row = |Entry { organisation: o, deleted, modified }: &Entry| {
        json!({
            "id": o.id, "pid": o.parent, "code": o.code, "oldCode": o.code102, "name": o.name, "mail": o.mail,
            "version": version, "centerCode": o.system, "deleted": deleted, "isAgency": true,
            "modifyDate": modified.map_or_else(String::new, written),
        })
    };
    let rows: Vec<Value> = directory.entries().iter().map(row).collect();
    Answer::data(rows)
}

/// The body of `registerAgency`.
#[derive(Deserialize)]
struct Registration {
    #[serde(default)]
    id: String,
    #[serde(default)]
    pcode: String,
    code: String,
    name: String,
    #[serde(default)]
    mail: String,
}

pub(super) async fn register(call: &Call<'_>, body: Body) -> Result<Answer, Refusal> {
    let refuse = |text: String| Refusal::new(codes::AGENCY, text);
    let body = Limited::new(body, BODY_LIMIT).collect().await;
    let body = body.map_err(|_| refuse("the body did not arrive or is too long".into()))?;
    let given: Registration = serde_json::from_slice(&body.to_bytes())
        .map_err(|error| refuse(format!("the body is not an agency: {error}")))?;
    if given.code.is_empty() || given.name.is_empty() {
        return Err(refuse("`code` and `name` must not be empty".into()));
    }
    let mut directory = call.agent.directory();
    let parent = match directory.find(&given.pcode) {
        Some(parent) => parent.id.clone(),
        None if given.pcode.is_empty() => String::new(),
        None => return Err(refuse(format!("`pcode` {} is not known", given.pcode))),
    };
    let next = (directory.entries().len() + 1).to_string();
    let id = if given.id.is_empty() { next } else { given.id };
    if directory.has_id(&id) {
        return Err(refuse(format!("`id` {id} is taken")));
    }
    // The old form has dots and ends in letter and digits (000.00.01.H99), the new one begins with the letter (H99.01).
    let old_form = given.code.starts_with(|c: char| c.is_ascii_digit());
    let organisation = Organisation {
        id: id.clone(),
        parent,
        code102: if old_form { given.code.clone() } else { String::new() },
        code: given.code,
        name: given.name,
        mail: given.mail,
        system: call.system.to_owned(),
    };
    if !directory.is_free(&organisation) {
        return Err(refuse(format!("`code` {} is taken", organisation.code)));
    }
    directory.put(organisation, Some(call.agent.now()));
    Ok(Answer::data(json!({"id": id})))
}

pub(super) fn delete(call: &Call<'_>) -> Result<Answer, Refusal> {
    let code = call.params.need("agencycode")?;
    let now = call.agent.now();
    if call.agent.directory().delete(call.system, code, now) {
        return Ok(Answer::data(json!({"code": code})));
    }
    let text = format!("`{code}` is not an agency of this system");
    Err(Refusal::new(codes::AGENCY, text))
}
