//! Latency at a fixed rate, below the top: alone, and beside a neighbour that takes what it can.

use super::{NO_HEY, Run};
use crate::client::Client;
use crate::contender::Contender;
use crate::floors;
use crate::gateway::{self, Deployment, Gateway};
use crate::half;
use crate::load;
use crate::measure::{Outcome, Round, Row};
use crate::others;
use crate::screen::note;
use crate::work::Work;
use anyhow::ensure;

/// The share of its top load at which a contender is looked at.
const HALF: f64 = 0.5;
/// The same beside the neighbour, who takes a core of what may be two, the load generator a part of the other.
const BESIDE: f64 = 0.25;

/// Requests per second at the top: the median of the rounds.
async fn top(run: &Run<'_>, contenders: &[Contender]) -> anyhow::Result<Vec<Row>> {
    note("  the top of the load first");
    load::rounds(contenders, run.plan(), run.tools.scratch()).await
}

/// p99 at half the top load, of Nhịp and of native, each at its own half.
pub(super) async fn half_load(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "Latency at half the top load");
    if !run.hey {
        outcome.notes.push(NO_HEY.to_owned());
        return Ok(outcome);
    }
    let tools = &run.tools;
    let rust = Deployment::of(tools, "plain", "converter");
    let contenders = [
        others::native(tools, Work::Convert, None).await?,
        gateway::with(tools, "nhip, Rust", &rust, Work::Convert).await?,
    ];
    let tops = top(run, &contenders).await?;
    let plan = run.plan();
    let mut all: Vec<Vec<Round>> = vec![Vec::new(); contenders.len()];
    for _ in 0..plan.rounds {
        for ((contender, top), rounds) in contenders.iter().zip(&tops).zip(&mut all) {
            let rate = top.median.per_second * HALF;
            rounds.push(half::drive(contender, rate, plan.drive.seconds, tools.scratch()).await?);
        }
    }
    outcome.rows = contenders.iter().zip(all).map(|(contender, rounds)| Row::of(&contender.name, rounds)).collect();
    outcome.compare(["nhip, Rust", "native axum"], ("p99", |round| round.p99_ms), Some(floors::HALF_LOAD_P99));
    Ok(outcome)
}

/// p99 of an adapter with and without a neighbour on the same gateway that spins at its limit.
pub(super) async fn neighbour(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "Beside a neighbour that spins at its limit, a quarter of the top load");
    if !run.hey {
        outcome.notes.push(NO_HEY.to_owned());
        return Ok(outcome);
    }
    let tools = &run.tools;
    let gateway = Gateway::start(tools, "neighbour").await?;
    let rust = Deployment::of(tools, "plain", "converter");
    let spin = Deployment { concurrency: 1, ..Deployment::of(tools, "spin", "wheel") };
    gateway.deploy(&rust).await?;
    gateway.deploy(&spin).await?;
    let contender = gateway.contender_of("nhip, Rust", &rust, Work::Convert);
    let rate = top(run, std::slice::from_ref(&contender)).await?.first().map_or(0.0, |row| row.median.per_second);
    ensure!(rate > 0.0, "the gateway serves nothing");
    let plan = run.plan();
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let seconds = plan.drive.seconds;
    for _ in 0..plan.rounds {
        alone.push(half::drive(&contender, rate * BESIDE, seconds, tools.scratch()).await?);
        beside.push(tokio::select! {
            round = half::drive(&contender, rate * BESIDE, seconds, tools.scratch()) => round?,
            wrong = spinning(&gateway, &spin) => { wrong?; anyhow::bail!("the neighbour stopped") }
        });
    }
    outcome.rows = vec![Row::of("alone", alone), Row::of("beside the neighbour", beside)];
    let rows = ["beside the neighbour", "alone"];
    outcome.compare(rows, ("p99", |round| round.p99_ms), Some(floors::NEIGHBOUR_P99));
    Ok(outcome)
}

/// One exchange of the neighbour's after the other, each ended by the host at its limit. Never comes back, unless one is
/// not ended that way.
async fn spinning(gateway: &Gateway, spin: &Deployment) -> anyhow::Result<()> {
    let client = Client::new();
    let target = gateway.contender_of("the neighbour", spin, Work::Convert).target;
    let path = format!("/services/{}/spin", spin.service);
    loop {
        let answer = client.post(target.address, &path, &target.headers, b"{}".to_vec()).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status.is_server_error(), "the neighbour's exchange ends with {}: {text}", answer.status);
    }
}
