//! How a change of what is in service is told: what is live now, or everything that speaks against it.

use crate::failure::Failure;
use crate::output::Output;
use crate::output::table::facts;
use crate::output::time::size;
use nhip_exchange::Digest;
use nhip_exchange::port::{Finding, Report};
use nhip_manage::wire::{Conflict, Deployed, PolicyMistake, Refused, Served, SmokeFailure};
use nhip_policies::Mistake;
use std::fmt::Write as _;
use std::path::Path;

/// What is live now.
pub(super) fn deployed(done: &Deployed) -> String {
    let Deployed { deployment, adapter, version, component, policy, services, replaced, restores, smoke, report } =
        done;
    let mut text = format!("{adapter} {version} is live (deployment {deployment})");
    if let Some(replaced) = replaced {
        let _ = write!(text, ", in the place of {} (deployment {})", replaced.version, replaced.deployment);
    }
    text.push('\n');
    let mut known = vec![
        ("component", format!("{component}, {}", size(report.size))),
        ("policy", policy.to_string()),
        ("services", served(services)),
    ];
    if let Some(restores) = restores {
        // What admission found was told when it was deployed.
        known.push(("restores", format!("deployment {restores}")));
        return text + &indented(&facts(&known));
    }
    known.extend(admitted(report));
    if *smoke > 0 {
        let calls = if *smoke == 1 { "call" } else { "calls" };
        known.push(("smoke", format!("{smoke} {calls} ended as expected")));
    }
    text.push_str(&indented(&facts(&known)));
    for finding in &report.findings {
        text.push_str(&found(finding));
    }
    text
}

/// What admission has to say of a component: imports, pool, limits, compiling.
pub(super) fn admitted(report: &Report) -> Vec<(&'static str, String)> {
    let mut known = Vec::new();
    if !report.imports.is_empty() {
        // What the policy decides, each; what every component gets and what reaches nothing, as a number.
        let decided = |satisfied: &str| satisfied.starts_with("granted") || satisfied.starts_with("not granted");
        let (telling, common): (Vec<_>, Vec<_>) = report.imports.iter().partition(|(_, satisfied)| decided(satisfied));
        let mut lines: Vec<String> =
            telling.iter().map(|(import, satisfied)| format!("{import}: {satisfied}")).collect();
        if !common.is_empty() {
            lines.push(format!("and {} that every adapter has, or that reach nothing", common.len()));
        }
        known.push(("imports", lines.join("\n")));
    }
    if !report.pool.is_empty() {
        known.push(("pool", report.pool.join("\n")));
    }
    if !report.limits.is_empty() {
        known.push(("limits", report.limits.join("\n")));
    }
    let compiled = report.compile_ms.map(|millis| format!("in {millis} ms"));
    if let Some(compiled) = if report.cached { Some("from the cache".to_owned()) } else { compiled } {
        known.push(("compiled", compiled));
    }
    known
}

/// Tell everything that speaks against a change. Gives the error that the command ends with.
pub(super) fn refuse(refused: Refused, policy: Option<&Path>, out: Output) -> anyhow::Result<anyhow::Error> {
    let details = refusal(&refused, policy);
    if !details.is_empty() {
        out.text(&details)?;
    }
    Ok(Failure::new(format!("nothing was changed: {}", refused.detail)).hint(refused.cure).into())
}

fn refusal(refused: &Refused, policy: Option<&Path>) -> String {
    let Refused { code: _, detail: _, cure: _, mistakes, conflicts, smoke, report } = refused;
    let mut text = String::new();
    let file = policy.unwrap_or_else(|| Path::new("policy"));
    for mistake in mistakes {
        let PolicyMistake { line, column, key, message, hint } = mistake.clone();
        text.push_str(&super::policy::placed(file, &Mistake { line, column, key, message, hint }));
    }
    for Conflict { subject, message } in conflicts {
        let _ = writeln!(text, "refused  {subject}: {message}");
    }
    for failure in smoke {
        text.push_str(&missed(failure));
    }
    if let Some(report) = report {
        for finding in &report.findings {
            text.push_str(&found(finding));
        }
        if let Some(digest) = &report.digest {
            let _ = writeln!(text, "component {digest}, {}", size(report.size));
        }
    }
    text
}

fn found(Finding { refuses, subject, message }: &Finding) -> String {
    let kind = if *refuses { "refused" } else { "note" };
    format!("{kind:7}  {subject}: {message}\n")
}

fn missed(failure: &SmokeFailure) -> String {
    let SmokeFailure { number, service, function, expected, came, status, message, exchange } = failure;
    format!(
        "refused  smoke call {number}, `{service}/{function}`: {expected} was expected, {came} ({status}) came: {message} \
         (exchange {exchange})\n"
    )
}

/// Services, each on a line.
pub(super) fn served(services: &[Served]) -> String {
    let lines: Vec<String> =
        services.iter().map(|served| format!("{} = {}", served.service, served.contract)).collect();
    lines.join("\n")
}

/// Enough of a digest to tell components apart.
pub(super) fn short(digest: &Digest) -> String {
    digest.hex().chars().take(12).collect()
}

fn indented(lines: &str) -> String {
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_manage::wire::RefusedCode;

    fn refused() -> Refused {
        let mut report = Report { size: 2048, digest: Some(Digest::of(b"x")), ..Report::default() };
        report.refuse("import `wasi:sockets/tcp`", "is never granted");
        report.note("manifest", "needs less than is granted");
        Refused {
            code: RefusedCode::Admission,
            detail: "the component does not pass".to_owned(),
            cure: "mend it".to_owned(),
            mistakes: vec![PolicyMistake {
                line: 3,
                column: 12,
                key: "limits.memory".to_owned(),
                message: "is not a size".to_owned(),
                hint: Some("write `64 MiB`".to_owned()),
            }],
            conflicts: vec![Conflict {
                subject: "service `population`".to_owned(),
                message: "is taken by `old`".to_owned(),
            }],
            smoke: vec![SmokeFailure {
                number: 2,
                service: "population".to_owned(),
                function: "find".to_owned(),
                expected: "ok".to_owned(),
                came: "upstream-timeout".to_owned(),
                status: 504,
                message: "the system gave no answer in time".to_owned(),
                exchange: "0199".to_owned(),
            }],
            report: Some(report),
        }
    }

    #[test]
    fn a_refusal_tells_everything_at_once() {
        let digest = Digest::of(b"x");
        assert_eq!(
            refusal(&refused(), Some(Path::new("p.toml"))),
            format!(
                "p.toml:3:12: limits.memory: is not a size\n  hint: write `64 MiB`\n\
                 refused  service `population`: is taken by `old`\n\
                 refused  smoke call 2, `population/find`: ok was expected, upstream-timeout (504) came: the system gave \
                 no answer in time (exchange 0199)\n\
                 refused  import `wasi:sockets/tcp`: is never granted\n\
                 note     manifest: needs less than is granted\n\
                 component {digest}, 2.0 KiB\n"
            )
        );
    }

    #[test]
    fn it_ends_in_an_error_with_the_cure() {
        let error = refuse(refused(), None, Output::new(true)).unwrap();
        assert_eq!(
            crate::failure::render(&error),
            "error: nothing was changed: the component does not pass\nhint: mend it\n"
        );
    }
}
