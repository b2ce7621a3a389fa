//! The scenarios, each with its name for `--only`.

mod builds;
mod gateways;
mod growth;
mod many;
mod speed;
mod steady;
mod times;

use crate::args::Options;
use crate::build;
use crate::load::Plan;
use crate::measure::Outcome;
use crate::screen::{note, show};
use crate::tools::{self, Tools};
use crate::wrk::Drive;
use crate::{plot, report};
use anyhow::Context;
use std::path::PathBuf;

/// Their names, in the order they run.
pub(crate) const NAMES: [&str; 12] = [
    "plain",
    "upstream",
    "record",
    "half-load",
    "neighbour",
    "adapters",
    "memory",
    "deploy",
    "growth-payload",
    "growth-concurrency",
    "growth-adapters",
    "gateways",
];

/// What every scenario gets.
pub(crate) struct Run<'a> {
    pub(crate) options: &'a Options,
    pub(crate) tools: Tools,
    wasmtime: Option<PathBuf>,
    nginx: Option<PathBuf>,
    hey: bool,
}

impl Run<'_> {
    fn plan(&self) -> Plan {
        let (rounds, seconds) = self.options.timing();
        Plan { rounds, drive: Drive { connections: self.options.connections, seconds } }
    }

    /// The same with so many connections.
    fn plan_with(&self, connections: u32) -> Plan {
        let plan = self.plan();
        Plan { drive: Drive { connections, ..plan.drive }, ..plan }
    }

    /// The JavaScript components, or why there are none.
    async fn javascript(&self) -> Result<build::JavaScript, String> {
        if !build::is_there("node", "--version").await || !build::is_there("npm", "--version").await {
            return Err("the JavaScript adapter: `node` and `npm` are not installed".to_owned());
        }
        note("building the JavaScript components");
        build::javascript(&self.tools.root).await.map_err(|error| format!("the JavaScript adapter: {error:#}"))
    }
}

const NO_WASMTIME: &str = "wasmtime serve: `wasmtime` is not installed: cargo install wasmtime-cli@^48 --locked";
const NO_NGINX: &str = "nginx proxy_pass: `nginx` is not installed: apt-get install -y nginx-light";
const NO_HEY: &str = "all of it: `hey` is not installed: apt-get install -y hey";

/// Run what was asked for, and report.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let wanted = match &options.against {
        Some(_) => builds::wanted(&options.only)?,
        None => NAMES.into_iter().filter(|name| options.wants(name)).collect(),
    };
    let tools = Tools::prepare(options.nhip.as_deref()).await?;
    std::fs::create_dir_all(&options.out).with_context(|| format!("cannot make `{}`", options.out.display()))?;
    let other = match &options.against {
        Some(other) => Some(tools.against(other).await?),
        None => None,
    };
    let (wasmtime, nginx) = (tools::wasmtime().await, tools::nginx().await);
    let run = Run { options, tools, wasmtime, nginx, hey: build::is_there("hey", "-h").await };
    let mut outcomes = Vec::new();
    for name in wanted {
        note(&format!("{name}:"));
        let outcome = match &other {
            Some(other) => builds::compare(&run, name, other).await,
            None => one(&run, name).await,
        };
        let outcome = outcome.with_context(|| format!("the scenario `{name}` failed"))?;
        show(&report::table(&outcome));
        outcomes.push(outcome);
        // What was measured stays when a later one fails.
        report::write(&options.out, &report::document(options, &outcomes)?)?;
        plot::write(&options.out, &outcomes)?;
    }
    note(&format!("written to `{}`", options.out.display()));
    Ok(())
}

async fn one(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    match name {
        "plain" => speed::plain(run, name).await,
        "upstream" => speed::upstream(run, name).await,
        "record" => speed::record(run, name).await,
        "half-load" => steady::half_load(run, name).await,
        "neighbour" => steady::neighbour(run, name).await,
        "adapters" => many::adapters(run, name).await,
        "memory" => many::memory(run, name).await,
        "deploy" => times::deploy(run, name).await,
        "growth-payload" => growth::payload(run, name).await,
        "growth-concurrency" => growth::concurrency(run, name).await,
        "growth-adapters" => growth::adapters(run, name).await,
        "gateways" => gateways::gateways(run, name).await,
        _ => anyhow::bail!("there is no scenario `{name}`"),
    }
}
