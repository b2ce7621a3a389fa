//! Many adapters on one gateway: what they take from the speed of each, and how much memory an idle one holds.

use super::Run;
use crate::contender::Contender;
use crate::floors;
use crate::gateway::{self, Deployment, Gateway};
use crate::load::{self, mib};
use crate::measure::{Figure, Outcome, Round};
use crate::others;
use crate::screen::note;
use crate::tools::Tools;
use crate::work::Work;

/// How many are deployed for speed, and how many in a quick run.
pub(super) const ADAPTERS: (usize, usize) = (1000, 20);
/// How many are deployed for memory: each is another component and has to be compiled.
const IDLE: (usize, usize) = (100, 5);

/// A gateway with the same component under so many names; the names of their services.
pub(super) async fn crowd(tools: &Tools, many: usize) -> anyhow::Result<(Gateway, Vec<String>)> {
    note(&format!("  deploying {many} adapters"));
    let gateway = Gateway::start(tools, "crowd").await?;
    let mut services = Vec::with_capacity(many);
    for number in 1..=many {
        let deployment = Deployment::of(tools, "plain", "converter").renamed(&format!("bench-{number}"));
        gateway.deploy(&deployment).await?;
        services.push(deployment.service);
    }
    Ok((gateway, services))
}

/// A gateway with so many components that all differ; the names of their services.
async fn strangers(tools: &Tools, many: usize) -> anyhow::Result<(Gateway, Vec<String>)> {
    note(&format!("  deploying {many} components that all differ"));
    let gateway = Gateway::start(tools, "strangers").await?;
    let plain = Deployment::of(tools, "plain", "converter");
    let mut services = Vec::with_capacity(many);
    for number in 1..=many {
        let component = tools.unlike(&plain.component, &format!("stranger-{number}"))?;
        let deployment = Deployment { component, ..plain.clone().renamed(&format!("stranger-{number}")) };
        gateway.deploy(&deployment).await?;
        services.push(deployment.service);
    }
    Ok((gateway, services))
}

/// Traffic spread over so many adapters of one component.
pub(super) async fn of_one(tools: &Tools, many: usize) -> anyhow::Result<Contender> {
    let (gateway, services) = crowd(tools, many).await?;
    Ok(gateway.contender(&format!("{many} adapters of one component"), &services, Work::Convert))
}

/// Traffic spread over so many adapters of components that all differ.
pub(super) async fn different(tools: &Tools, many: usize) -> anyhow::Result<Contender> {
    let (gateway, services) = strangers(tools, many).await?;
    Ok(gateway.contender(&format!("{many} adapters, all different"), &services, Work::Convert))
}

/// Traffic spread over many adapters against one.
pub(super) async fn adapters(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "Many adapters deployed, traffic spread over them");
    let (tools, many) = (&run.tools, run.options.many(ADAPTERS.0, ADAPTERS.1));
    let (crowd, strangers) = (of_one(tools, many).await?, different(tools, many).await?);
    let (plugin, plugins) = ("native, one plugin", format!("native, {many} plugins, all different"));
    let (spread, different) = (crowd.name.clone(), strangers.name.clone());
    let single = Deployment::of(tools, "plain", "converter");
    let contenders = [
        gateway::with(tools, "one adapter", &single, Work::Convert).await?.listed(many),
        crowd,
        strangers,
        Contender { name: plugin.to_owned(), ..others::plugins(tools, 1).await?.listed(many) },
        Contender { name: plugins.clone(), ..others::plugins(tools, many).await? },
    ];
    outcome.rows = load::rounds(&contenders, run.plan(), tools.scratch()).await?;
    for many in [&spread, &different] {
        outcome.compare_speed([many, "one adapter"], Some(floors::MANY_TO_ONE));
    }
    // What it costs that many have code of their own, where nothing else is paid for.
    outcome.compare_speed([&plugins, plugin], None);
    let cpu = |round: &Round| round.cpu_micros;
    for [many, one] in [[spread.as_str(), "one adapter"], [&different, "one adapter"], [&plugins, plugin]] {
        outcome.compare([many, one], ("CPU", cpu), None);
    }
    Ok(outcome)
}

/// What each of many idle adapters, of components that are all different, holds in memory.
pub(super) async fn memory(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "Resident memory of an idle adapter");
    let (tools, many) = (&run.tools, run.options.many(IDLE.0, IDLE.1));
    let gateway = Gateway::start(tools, "memory").await?;
    let plain = Deployment::of(tools, "plain", "converter");
    // The first one pays for what all share: the compiler's own memory, above all.
    gateway.deploy(&plain).await?;
    let before = gateway.group.resident();
    for number in 1..=many {
        let component = tools.unlike(&plain.component, &format!("idle-{number}"))?;
        let deployment = Deployment { component, ..plain.clone().renamed(&format!("idle-{number}")) };
        gateway.deploy(&deployment).await?;
    }
    let grown = mib(gateway.group.resident().saturating_sub(before));
    #[expect(clippy::cast_precision_loss, reason = "a count of adapters")]
    let each = grown / many as f64;
    let size = std::fs::metadata(&plain.component).map_or(0, |file| file.len() / 1024);
    let what = format!("memory of each of {many} idle adapters, a component of {size} KiB each");
    outcome.figures.push(Figure::new(what, each, "MiB", Some(floors::IDLE_MEMORY)));
    outcome.figures.push(Figure::new("memory of the gateway with one", mib(before), "MiB", None));
    Ok(outcome)
}
