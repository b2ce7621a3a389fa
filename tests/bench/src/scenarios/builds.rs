//! Two builds of `nhip` in turns (`--against`): what a change of the gateway brings. What disturbs the machine lasts longer than a
//! round, so each round is compared with the one beside it, and the medians are of those ratios, not of the rows.

use super::{Run, many, speed};
use crate::contender::Contender;
use crate::load::{self, Plan};
use crate::measure::{Figure, Outcome, Round, median, percentile};
use crate::others;
use crate::tools::Tools;

/// The scenarios that compare builds, and whether they do without being named.
pub(super) const NAMES: [(&str, bool); 4] =
    [("plain", true), ("upstream", true), ("record", false), ("adapters", false)];

const OTHER: &str = "the other build";

/// The scenarios that were asked for.
///
/// # Errors
/// One of them compares no builds.
pub(super) fn wanted(only: &[String]) -> anyhow::Result<Vec<&'static str>> {
    let known = |name: &str| NAMES.iter().any(|(known, _)| *known == name);
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        let names = NAMES.map(|(name, _)| name).join(", ");
        anyhow::bail!("`{unknown}` compares no builds; with `--against` there are {names}");
    }
    let wants = |(name, unnamed): &(&str, bool)| {
        if only.is_empty() { *unnamed } else { only.iter().any(|only| only == name) }
    };
    Ok(NAMES.iter().filter(|one| wants(one)).map(|(name, _)| *name).collect())
}

/// One scenario with both builds.
pub(super) async fn compare(run: &Run<'_>, name: &'static str, other: &Tools) -> anyhow::Result<Outcome> {
    let tools = &run.tools;
    match name {
        "plain" => of(run, name, run.plan(), [speed::rust(tools).await?, speed::rust(other).await?]).await,
        "upstream" => {
            let (_register, address) = others::register(tools).await?;
            let both = [speed::endpoints(tools, address).await?, speed::endpoints(other, address).await?];
            of(run, name, run.plan(), both).await
        }
        "record" => {
            let both = [speed::durable(tools).await?, speed::durable(other).await?];
            of(run, name, run.plan_with(speed::RECORD_CONNECTIONS), both).await
        }
        "adapters" => {
            let count = run.options.many(many::ADAPTERS.0, many::ADAPTERS.1);
            let crowds = [many::of_one(tools, count).await?, many::of_one(other, count).await?];
            let mut outcome = of(run, name, run.plan(), crowds).await?;
            let strangers = [many::different(tools, count).await?, many::different(other, count).await?];
            let second = of(run, name, run.plan(), strangers).await?;
            outcome.rows.extend(second.rows);
            outcome.figures.extend(second.figures);
            Ok(outcome)
        }
        _ => anyhow::bail!("`{name}` compares no builds"),
    }
}

/// The same contender of both builds, in turns.
async fn of(run: &Run<'_>, name: &'static str, plan: Plan, [now, other]: [Contender; 2]) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "Two builds of the gateway in turns");
    let (what, beside) = (now.name.clone(), format!("{}, {OTHER}", other.name));
    let both = [now, Contender { name: beside, ..other }];
    outcome.rows = load::rounds(&both, plan, run.tools.scratch()).await?;
    if let [now, other] = outcome.rows.as_slice() {
        let rounds = [now.rounds.as_slice(), &other.rounds];
        let speed = paired(&format!("requests/s: {what}"), rounds, |round| round.per_second);
        outcome
            .figures
            .extend(speed.into_iter().chain(paired(&format!("CPU: {what}"), rounds, |round| round.cpu_micros)));
    }
    Ok(outcome)
}

/// The ratios of the rounds, one by one: their median, and between what the middle half of them lies.
fn paired(what: &str, [now, other]: [&[Round]; 2], take: fn(&Round) -> f64) -> [Figure; 3] {
    let mut ratios: Vec<f64> = now.iter().zip(other).map(|(now, other)| take(now) / take(other)).collect();
    ratios.sort_by(f64::total_cmp);
    let figure = |which: &str, value: f64| Figure::new(format!("{what} to {OTHER}, {which}"), value, "×", None);
    [
        figure("median of the rounds' ratios", median(ratios.iter().copied())),
        figure("a quarter of them lies below", percentile(&ratios, 25.0)),
        figure("a quarter of them lies above", percentile(&ratios, 75.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::tests::round;

    #[test]
    fn each_round_is_compared_with_the_one_beside_it() {
        // The machine became ten times as slow in the middle: what the builds are to each other stays.
        let now = [1100.0, 1200.0, 110.0, 130.0, 105.0].map(round);
        let other = [1000.0, 1000.0, 100.0, 100.0, 100.0].map(round);
        let [median, below, above] = paired("nhip", [&now, &other], |round| round.per_second);
        assert!((median.value - 1.1).abs() < 1e-9 && (below.value - 1.1).abs() < 1e-9, "{median:?} {below:?}");
        assert!((above.value - 1.2).abs() < 1e-9, "{above:?}");
    }

    #[test]
    fn a_scenario_without_builds_is_refused_by_name() {
        let only = |names: &[&str]| wanted(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(only(&[]).unwrap(), ["plain", "upstream"]);
        assert_eq!(only(&["adapters", "plain"]).unwrap(), ["plain", "adapters"]);
        let refused = only(&["plain", "deploy"]).unwrap_err().to_string();
        assert_eq!(
            refused,
            "`deploy` compares no builds; with `--against` there are plain, upstream, record, adapters"
        );
    }
}
