//! The population register: two operations over one list of citizens.
//!
//! `TraCuuThongTinCongDan` answers a `CongdanCollection`, empty when nobody fits. `XacThucThongTinCongDan` takes the same
//! fields and answers `KetQuaXacThuc/TonTai` (`true` or `false`): of that operation only the name is known, its
//! messages are our own proposal (the real ones are not published).

use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use super::{
    ANSWER_NAMESPACE, NgspRequest, REQUEST_NAMESPACE, Site,
    query::Query,
    render,
    soap::{self, Fault, codes},
};
use crate::faults::apply::Injected;

/// Answers one request, telling `entry` what is worth remembering.
pub(super) fn answer(
    site: &Site,
    headers: &HeaderMap,
    injected: Option<Injected>,
    body: &[u8],
    entry: &mut NgspRequest,
) -> Response {
    let key = check_key(site, headers, injected);
    match key.and_then(|()| operate(site, body, entry)) {
        Ok(response) => response,
        Err(fault) => {
            entry.fault = Some(fault.code);
            fault.into_response()
        }
    }
}

fn check_key(site: &Site, headers: &HeaderMap, injected: Option<Injected>) -> Result<(), Fault> {
    let right = match &site.config.api_key {
        None => true,
        Some(key) => headers.get("apikey").is_some_and(|given| given == key.as_str()),
    };
    if right && injected != Some(Injected::WrongKey) {
        Ok(())
    } else {
        Err(Fault::client(codes::WRONG_KEY, "ApiKey is not valid"))
    }
}

fn operate(site: &Site, body: &[u8], entry: &mut NgspRequest) -> Result<Response, Fault> {
    let operation = soap::open(body)?;
    entry.operation = Some(operation.name.clone());
    if operation.namespace.as_deref() != Some(REQUEST_NAMESPACE) {
        let text = format!("the operation must be in the namespace {REQUEST_NAMESPACE}");
        return Err(Fault::client(codes::WRONG_NAMESPACE, text));
    }
    let find = |entry: &mut NgspRequest| {
        let query = Query::read(&operation, entry)?;
        let found: Vec<_> = site.citizens.iter().filter(|c| query.fits(c)).collect();
        entry.matches = found.len();
        Ok(found)
    };
    match operation.name.as_str() {
        "TraCuuThongTinCongDan" => Ok(soap::answer(&render::collection(&find(entry)?))),
        "XacThucThongTinCongDan" => {
            let exists = !find(entry)?.is_empty();
            Ok(soap::answer(&format!(
                "<ns1:KetQuaXacThuc xmlns:ns1=\"{ANSWER_NAMESPACE}\"><ns1:TonTai>{exists}</ns1:TonTai></ns1:KetQuaXacThuc>"
            )))
        }
        other => {
            let text = format!("there is no operation {other}");
            Err(Fault::client(codes::UNKNOWN_OPERATION, text))
        }
    }
}
