//! What admission says of the contracts that a component imports.
//!
//! What the policy grants is decided here and now. What serves an import may come and go: it is compared with what is live, what is not
//! live yet is only noted, and every call is checked again.

use super::{granted, line};
use crate::capabilities::Grant;
use crate::text::tame;
use nhip_contract::{Contract, Import as Imports, Surface, compare};
use nhip_exchange::chain::path;
use nhip_exchange::port::Report;
use nhip_exchange::{Routes, Service};
use nhip_policies::{CallerName, ContractRef, DenialCode, Import, ImportDelivery, Policy};

/// Most differences between two contracts that are told.
const MOST_TOLD: usize = 16;

/// What the policy says of an import that is no power of the gateway.
pub(crate) fn grant(import: &Imports, policy: &Policy) -> Grant {
    if import.contract.is_none() || import.name.parse::<ContractRef>().is_err() {
        return Grant::Denied(
            "no power of the gateway, and no interface `namespace:package/interface@version` that a service could have"
                .to_owned(),
        );
    }
    match line(policy, &import.name) {
        Some(Import { service, delivery: ImportDelivery::Direct }) => Grant::Granted(format!("served by `{service}`")),
        Some(Import { service, delivery: ImportDelivery::Durable }) => {
            Grant::Granted(format!("served by `{service}` (durable)"))
        }
        None => Grant::Denied(format!(
            "the policy does not say which service serves it: add `\"{}\" = \"SERVICE\"` to `[imports]`",
            tame(&import.name, 200)
        )),
    }
}

/// Whether what the policy says of the imports can work.
pub(crate) fn check(surface: &Surface, policy: &Policy, routes: &Routes, report: &mut Report) {
    for (contract, import) in granted(surface, policy) {
        let subject = format!("import {}", tame(&contract.name, 200));
        for place in &contract.unservable {
            report.refuse(subject.clone(), tame(&place.to_string(), 500));
        }
        if import.delivery == ImportDelivery::Durable {
            can_be_done_later(contract, &subject, report);
        }
        match routes.service(&import.service) {
            Some(service) => {
                same_contract(contract, service, &subject, report);
                may_call(policy, contract, service, &subject, report);
            }
            None => report
                .note(subject, format!("no service `{}` is live: calls fail until one is deployed", import.service)),
        }
    }
    for contract in policy.imports.keys() {
        let name = contract.to_string();
        if !granted(surface, policy).any(|(imported, _)| imported.name == name) {
            report.note(format!("imports.\"{name}\""), "the component does not import it: take the line out");
        }
    }
}

/// Of what is done later nothing is known but that it will be.
fn can_be_done_later(contract: &Contract, subject: &str, report: &mut Report) {
    for function in contract.functions.items().iter().filter(|function| function.done_later().is_none()) {
        report.refuse(
            subject,
            format!(
                "`{}` answers a value, so its caller must wait for it: write `delivery = \"direct\"`. Only what answers nothing, or \
                 `result` without a value, can be done later",
                tame(&function.name, 100)
            ),
        );
    }
}

fn same_contract(contract: &Contract, service: &Service, subject: &str, report: &mut Report) {
    if path(&contract.name) != path(&service.contract) {
        report.refuse(subject, format!("service `{}` has another contract: `{}`", service.name, service.contract));
        return;
    }
    let types = service.live.handle.types(&service.contract);
    let Some(served) = types.and_then(|types| types.downcast_ref::<Contract>()) else {
        report.note(subject, format!("the types of service `{}` cannot be compared", service.name));
        return;
    };
    let changes = compare(contract, served);
    let breaking: Vec<_> = changes.iter().filter(|change| change.breaking).collect();
    for change in breaking.iter().take(MOST_TOLD) {
        report.refuse(
            subject,
            format!(
                "service `{}` does not fit, `{}`: {}; build one of the two against the contract of the other",
                service.name,
                tame(&change.path, 200),
                tame(&change.message, 300)
            ),
        );
    }
    if let Some(more) = breaking.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        report.refuse(subject, format!("and {more} more differences from service `{}`", service.name));
    }
}

/// Whether the policy of the other side lets the adapter in. It may be changed later, and decides each call then.
fn may_call(policy: &Policy, contract: &Contract, service: &Service, subject: &str, report: &mut Report) {
    let Ok(caller) = policy.adapter.as_str().parse::<CallerName>() else { return };
    for function in contract.functions.items() {
        let decided = service.live.policy.callers.decide(&caller, &service.name, &function.name, None);
        // Whether the purpose is allowed is known when there is one.
        let refused = decided
            .is_err_and(|denial| matches!(denial.code, DenialCode::CallerNotAllowed | DenialCode::FunctionNotAllowed));
        if refused {
            report.note(
                subject,
                format!(
                    "the policy of service `{}` does not let `{caller}` call `{}`: calls fail until its `[callers]` does",
                    service.name,
                    tame(&function.name, 100)
                ),
            );
        }
    }
}
