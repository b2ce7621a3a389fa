//! The live catalogue: what is deployed now, for callers that have proven who they are.
//!
//! It is behind a key like everything else: the names of functions tell a stranger where to try.

use crate::answer::{self, Answer};
use bytes::Bytes;
use nhip_exchange::{Routes, Service};
use serde::Serialize;

#[derive(Serialize)]
struct Catalogue<'a> {
    services: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    contract: &'a str,
    summary: &'a str,
    adapter: &'a str,
    version: &'a str,
    functions: Vec<&'a str>,
    /// Where its description is.
    openapi: String,
}

/// `GET /services`
pub(crate) fn list(routes: &Routes) -> Answer {
    let services = routes.services().map(|service| entry(service)).collect();
    // Plain strings cannot fail to be written.
    answer::document(
        serde_json::to_vec(&Catalogue { services }).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from),
    )
}

/// `GET /services/{service}/openapi.json`
pub(crate) fn describe(routes: &Routes, service: &str) -> Answer {
    match routes.service(service) {
        Some(service) => answer::document(service.openapi.clone()),
        None => answer::no_such_service(),
    }
}

fn entry(service: &Service) -> Entry<'_> {
    Entry {
        name: &service.name,
        contract: &service.contract,
        summary: &service.summary,
        adapter: &service.live.adapter,
        version: &service.live.version,
        functions: service.functions.names().collect(),
        openapi: format!("/services/{}/openapi.json", service.name),
    }
}
