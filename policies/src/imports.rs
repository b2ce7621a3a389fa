//! `[imports]`: who serves the contracts that the adapter imports.
//!
//! ```toml
//! [imports]                             # contract = service
//! "lgsp:office/inbox@1.0.0" = { service = "office-inbox", delivery = "durable" }
//! "lgsp:population/register@1.0.0" = "population"       # delivery = "direct"
//! ```
//!
//! Absent is denied: a contract that is imported and not named here is a mismatch at admission. Invariant: no import leads back to a
//! service of the same policy; longer circles are found when the services are called.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::DeValue;

use crate::contract_ref::ContractRef;
use crate::mistakes::Invalid;
use crate::names::ServiceName;
use crate::reader::{Node, Table};

/// Who serves an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The public name of a service of this gateway.
    pub service: ServiceName,
    /// When it is done.
    pub delivery: ImportDelivery,
}

/// When the call of an import is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImportDelivery {
    /// At once: the adapter waits for the result.
    #[default]
    Direct,
    /// Later: it is on disk before the adapter goes on, and then delivered durably. Where the exchange that made it is tried again, it is
    /// not handed over again.
    Durable,
}

impl ImportDelivery {
    const WORDS: [(&'static str, Self); 2] = [("direct", Self::Direct), ("durable", Self::Durable)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Durable => "durable",
        }
    }
}

/// Reads `[imports]`; the services are those of the same policy.
pub(crate) fn read_all(root: &Table<'_>, services: &BTreeSet<ServiceName>) -> BTreeMap<ContractRef, Import> {
    let mut imports = BTreeMap::new();
    let Some(table) = root.table("imports") else {
        return imports;
    };
    for (name, node) in table.entries() {
        let import = Import::read(&node, services);
        match name.parse::<ContractRef>() {
            Err(invalid) => node.wrong_key(invalid),
            Ok(contract) => imports.extend(import.map(|import| (contract, import))),
        }
    }
    imports
}

impl Import {
    fn read(node: &Node<'_>, services: &BTreeSet<ServiceName>) -> Option<Self> {
        let service = |node: Node<'_>| node.parse(|text| other_service(text, services));
        let DeValue::Table(_) = node.value() else {
            let service = node.parse(|text| other_service(text, services))?;
            return Some(Self { service, delivery: ImportDelivery::default() });
        };
        let table = node.table()?;
        let service = table.required("service", "name the service that serves the contract").and_then(service);
        let delivery = table.get("delivery").and_then(|node| node.choice(&ImportDelivery::WORDS));
        table.finish();
        Some(Self { service: service?, delivery: delivery.unwrap_or_default() })
    }
}

/// A service of another adapter.
fn other_service(text: &str, services: &BTreeSet<ServiceName>) -> Result<ServiceName, Invalid> {
    let service: ServiceName = text.parse()?;
    if services.contains(&service) {
        let message = format!("service `{service}` is served by this policy, so the adapter would call itself");
        return Err(Invalid::new(message, "name a service of another adapter"));
    }
    Ok(service)
}
