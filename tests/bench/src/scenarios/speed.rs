//! Contenders side by side at the top of what they can do.

use super::{NO_NGINX, NO_WASMTIME, Run};
use crate::contender::Contender;
use crate::floors;
use crate::gateway::{self, Deployment, Record};
use crate::load;
use crate::measure::Outcome;
use crate::others;
use crate::tools::Tools;
use crate::work::Work;
use std::net::SocketAddr;

/// The connections at which the two kinds of record are compared.
pub(super) const RECORD_CONNECTIONS: u32 = 64;

/// How many exchanges a sandbox serves where the policy lets it serve again.
const AGAIN: u32 = 1000;

/// The JavaScript adapter with each engine: in a fresh sandbox for every exchange, and in one that serves again.
const QUICKJS: [&str; 2] = ["nhip, QuickJS", "nhip, QuickJS, again"];
const SPIDERMONKEY: [&str; 2] = ["nhip, SpiderMonkey", "nhip, SpiderMonkey, again"];

/// The Rust adapter without upstream system.
pub(super) async fn rust(tools: &Tools) -> anyhow::Result<Contender> {
    gateway::with(tools, "nhip, Rust", &Deployment::of(tools, "plain", "converter"), Work::Convert).await
}

/// The Rust adapter that calls the register of agencies through `endpoints`.
pub(super) async fn endpoints(tools: &Tools, register: SocketAddr) -> anyhow::Result<Contender> {
    asking(tools, "nhip, endpoints", "endpoints", register).await
}

/// An adapter that calls the register of agencies.
async fn asking(tools: &Tools, name: &str, component: &str, register: SocketAddr) -> anyhow::Result<Contender> {
    let deployment = Deployment { register: Some(register), ..Deployment::of(tools, component, "consultation") };
    gateway::with(tools, name, &deployment, Work::Consult).await
}

/// The work without upstream system.
pub(super) async fn plain(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "1 KiB of JSON, typed, checked and turned into another JSON");
    let tools = &run.tools;
    let mut contenders = vec![others::native(tools, Work::Convert, None).await?];
    contenders.push(rust(tools).await?);
    match run.javascript().await {
        Ok(made) => {
            for (component, [fresh, again]) in [(&made.quickjs, QUICKJS), (&made.spidermonkey, SPIDERMONKEY)] {
                let deployment = gateway::javascript(tools, component)?;
                contenders.push(gateway::with(tools, fresh, &deployment, Work::Convert).await?);
                let reused = Deployment { exchanges: AGAIN, ..deployment };
                contenders.push(gateway::with(tools, again, &reused, Work::Convert).await?);
            }
        }
        Err(why) => outcome.notes.push(why),
    }
    match &run.wasmtime {
        Some(program) => contenders.push(others::wasmtime(tools, program, Work::Convert, None).await?),
        None => outcome.notes.push(NO_WASMTIME.to_owned()),
    }
    outcome.rows = load::rounds(&contenders, run.plan(), tools.scratch()).await?;
    outcome.compare_speed(["nhip, Rust", "native axum"], Some(floors::PLAIN_TO_NATIVE));
    outcome.compare_speed(["nhip, Rust", "wasmtime serve"], Some(floors::PLAIN_TO_WASMTIME));
    for [fresh, again] in [QUICKJS, SPIDERMONKEY] {
        outcome.compare_speed([fresh, "nhip, Rust"], Some(floors::JAVASCRIPT_TO_RUST));
        outcome.compare_speed([again, "nhip, Rust"], Some(floors::JAVASCRIPT_AGAIN_TO_RUST));
    }
    outcome.compare(["nhip, Rust", "native axum"], ("CPU", |round| round.cpu_micros), None);
    Ok(outcome)
}

/// The work with one call to the register of agencies in it.
pub(super) async fn upstream(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "The same with one upstream call in it");
    let tools = &run.tools;
    let (_register, address) = others::register(tools).await?;
    let mut contenders = vec![
        others::native(tools, Work::Consult, Some(address)).await?,
        endpoints(tools, address).await?,
        asking(tools, "nhip, wasi:http", "http", address).await?,
    ];
    match &run.wasmtime {
        Some(program) => contenders.push(others::wasmtime(tools, program, Work::Consult, Some(address)).await?),
        None => outcome.notes.push(NO_WASMTIME.to_owned()),
    }
    match &run.nginx {
        Some(program) => contenders.push(others::nginx(tools, program, address).await?),
        None => outcome.notes.push(NO_NGINX.to_owned()),
    }
    outcome.rows = load::rounds(&contenders, run.plan(), tools.scratch()).await?;
    outcome.compare_speed(["nhip, endpoints", "native axum"], Some(floors::UPSTREAM_TO_NATIVE));
    outcome.compare_speed(["nhip, endpoints", "wasmtime serve"], Some(floors::UPSTREAM_TO_WASMTIME));
    outcome.compare_speed(["nhip, endpoints", "nginx proxy_pass"], Some(floors::UPSTREAM_TO_NGINX));
    outcome.compare_speed(["nhip, wasi:http", "nhip, endpoints"], None);
    outcome.compare(["nhip, endpoints", "native axum"], ("CPU", |round| round.cpu_micros), None);
    Ok(outcome)
}

/// The Rust adapter without upstream system, whose answers wait for their record.
pub(super) async fn durable(tools: &Tools) -> anyhow::Result<Contender> {
    let deployment = Deployment { record: Record::Durable, ..Deployment::of(tools, "plain", "converter") };
    gateway::with(tools, "durable", &deployment, Work::Convert).await
}

/// What it costs that an answer waits for its record.
pub(super) async fn record(run: &Run<'_>, name: &'static str) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::new(name, "An answer that waits for its record, 64 connections");
    let tools = &run.tools;
    let relaxed = Deployment::of(tools, "plain", "converter");
    let (native, kept) = ("native axum", "native axum with a journal");
    let contenders = [
        gateway::with(tools, "relaxed", &relaxed, Work::Convert).await?,
        durable(tools).await?,
        others::native(tools, Work::Convert, None).await?,
        Contender { name: kept.to_owned(), ..others::kept(tools).await? },
    ];
    outcome.rows = load::rounds(&contenders, run.plan_with(RECORD_CONNECTIONS), tools.scratch()).await?;
    outcome.compare_speed(["durable", "relaxed"], Some(floors::DURABLE_TO_RELAXED));
    // What it costs to wait for this disk, where nothing else is paid for.
    outcome.compare_speed([kept, native], None);
    Ok(outcome)
}
