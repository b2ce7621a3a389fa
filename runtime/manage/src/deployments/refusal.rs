//! Refusals: from what went wrong to what the operator is told.
//!
//! Invariant: a refusal names the thing and the cure. The chain of causes goes to the log, not to the client.

use crate::wire::{Conflict, PolicyMistake, Refused, RefusedCode, SmokeFailure};
use nhip_exchange::port::Report;
use nhip_policies::Mistakes;
use nhip_registry::RegistryError;

/// An error and its sources on one line, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// A refusal with nothing but its sentence and cure.
pub(crate) fn refuse(code: RefusedCode, detail: impl Into<String>, cure: impl Into<String>) -> Box<Refused> {
    Box::new(Refused {
        code,
        detail: detail.into(),
        cure: cure.into(),
        mistakes: Vec::new(),
        conflicts: Vec::new(),
        smoke: Vec::new(),
        report: None,
    })
}

/// A defect of ours.
pub(crate) fn defect(what: &str) -> Box<Refused> {
    let cure = "this is a defect of the gateway: look in its log, and run `nhip adapters` to see what is live";
    refuse(RefusedCode::Internal, what, cure)
}

/// What the registry says no to.
pub(crate) fn of_registry(error: &RegistryError) -> Box<Refused> {
    let detail = error.to_string();
    if matches!(error, RegistryError::CallerExists { .. }) {
        return refuse(RefusedCode::Conflict, detail, "nothing has changed");
    }
    if matches!(error, RegistryError::UnknownCaller { .. } | RegistryError::UnknownKey { .. }) {
        return refuse(RefusedCode::NotFound, detail, "`nhip caller list` shows the callers and their keys");
    }
    if error.is_conflict() {
        return refuse(RefusedCode::Conflict, detail, "nothing has changed; see what is live with `nhip adapters`");
    }
    if error.is_not_found() {
        return refuse(RefusedCode::NotFound, detail, "`nhip adapters` lists what was ever deployed");
    }
    if error.is_refused() {
        return refuse(RefusedCode::TooLarge, detail, "send less");
    }
    tracing::error!(error = chain(error), "the registry failed a control act");
    if error.is_unavailable() {
        let cure = "try again in a moment; the gateway's log says what is wrong with the data folder";
        return refuse(RefusedCode::Unavailable, detail, cure);
    }
    refuse(RefusedCode::Internal, detail, "the gateway's log has the cause; a restored data folder may be needed")
}

/// A policy with mistakes.
pub(crate) fn of_mistakes(mistakes: &Mistakes) -> Box<Refused> {
    let count = mistakes.len();
    let detail =
        if count == 1 { "the policy has a mistake".to_owned() } else { format!("the policy has {count} mistakes") };
    let mut refused =
        refuse(RefusedCode::Policy, detail, "mend each at its place; `nhip policy check FILE` checks again");
    refused.mistakes = mistakes.iter().map(PolicyMistake::from).collect();
    refused
}

/// What admission and the names already taken say. Told together, so that nobody mends one and meets the next.
pub(crate) fn of_admission(report: Report, conflicts: Vec<Conflict>) -> Box<Refused> {
    let code = if report.refuses() { RefusedCode::Admission } else { RefusedCode::Conflict };
    let count = report.findings.iter().filter(|finding| finding.refuses).count() + conflicts.len();
    let detail = match (report.findings.iter().find(|finding| finding.refuses), conflicts.first()) {
        (Some(finding), None) if count == 1 => format!("`{}`: {}", finding.subject, finding.message),
        (None, Some(conflict)) if count == 1 => conflict.message.clone(),
        _ => format!("{count} things are wrong with the component under this policy"),
    };
    let mut refused = refuse(code, detail, "see the findings and conflicts: each names its cure");
    refused.report = Some(report);
    refused.conflicts = conflicts;
    refused
}

/// Smoke calls that ended otherwise than expected.
pub(crate) fn of_smoke(failures: Vec<SmokeFailure>, calls: usize, report: Report) -> Box<Refused> {
    let detail = format!("{} of {calls} smoke calls ended otherwise than expected", failures.len());
    let cure = "the exchanges' ids lead to the gateway's log; mend the component, the grants or the `[[smoke]]` calls";
    let mut refused = refuse(RefusedCode::Smoke, detail, cure);
    refused.smoke = failures;
    refused.report = Some(report);
    refused
}
