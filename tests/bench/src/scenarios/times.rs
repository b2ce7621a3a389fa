//! How long it takes from the command `nhip deploy` to the first exchange on what was deployed.

use super::Run;
use crate::build;
use crate::client::Client;
use crate::floors;
use crate::gateway::{Deployment, Gateway};
use crate::measure::{Figure, Outcome, median};
use crate::work::Work;
use std::time::Instant;

/// New to the gateway and its cache, and known to the cache.
pub(super) async fn deploy(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "From the command `nhip deploy` to the first exchange");
    let tools = &run.tools;
    let gateway = Gateway::start(tools, "deploy").await?;
    let plain = Deployment::of(tools, "plain", "converter");
    let (mut new, mut cached) = (Vec::new(), Vec::new());
    let (rounds, _) = run.options.timing();
    for round in 0..rounds {
        let component = tools.unlike(&plain.component, &format!("new-{round}"))?;
        let first = Deployment { component, ..plain.clone().renamed(&format!("new-{round}")) };
        new.push(once(&gateway, &first).await?);
        cached.push(once(&gateway, &first.renamed(&format!("known-{round}"))).await?);
    }
    let size = std::fs::metadata(&plain.component).map_or(0, |file| file.len() / 1024);
    let what = format!("a new component of {size} KiB, median of {rounds}");
    outcome.figures.push(Figure::new(what, median(new.into_iter()), "s", Some(floors::DEPLOY_NEW)));
    let what = format!("the same from the compile cache, median of {rounds}");
    outcome.figures.push(Figure::new(what, median(cached.into_iter()), "s", Some(floors::DEPLOY_CACHED)));
    Ok(outcome)
}

/// Seconds from the start of the command to the answer of the first exchange.
async fn once(gateway: &Gateway, deployment: &Deployment) -> anyhow::Result<f64> {
    let mut command = gateway.deploying(deployment)?;
    let contender = gateway.contender_of("nhip", deployment, Work::Convert);
    let client = Client::new();
    let began = Instant::now();
    build::run(&mut command).await?;
    contender.ask(&client, 0).await?;
    Ok(began.elapsed().as_secs_f64())
}
