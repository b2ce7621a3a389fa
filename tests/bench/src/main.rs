//! The benchmark: one command that starts every contender on the loopback, drives each in turn with the same load, checks
//! its answers and prints what came of it. It measures and judges nothing: a floor that is not met does not fail it.
//! Invariant: whatever it started is gone when it ends.

mod args;
mod build;
mod client;
mod contender;
mod floors;
mod gateway;
mod group;
mod half;
mod journal;
mod load;
mod measure;
mod native;
mod others;
mod plot;
mod plugins;
mod register;
mod report;
mod scenarios;
mod screen;
mod tools;
mod work;
mod wrk;

use crate::args::{Command, Options};
use clap::Parser;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = tokio::select! {
        outcome = run(&options) => outcome,
        () = told_to_end() => Err(anyhow::anyhow!("interrupted")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen::note(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    match &options.command {
        Some(Command::Native(with)) => native::serve(with).await,
        Some(Command::Register) => register::serve().await,
        None => scenarios::run(options).await,
    }
}

/// SIGINT or SIGTERM. Dropping what runs then ends whatever it started.
async fn told_to_end() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
