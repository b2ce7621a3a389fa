//! `nhip`: the composition root of the gateway and its commands.
//!
//! [`gateway`] wires the crates into a running gateway, in one place and in order; the command `serve`, the demo and
//! the tests all start it there. Every other command is in the file of its name under [`commands`] and speaks to a
//! running gateway over its listeners, or to nobody at all.
//!
//! Invariant: this is the only crate that reads the environment, the arguments and the clock of the machine, and the
//! only one that decides how the process ends.

pub mod allocator;
pub mod args;
pub mod client;
pub mod commands;
mod data_folder;
mod demo;
pub mod env;
pub mod failure;
mod files;
pub mod gateway;
mod http_client;
pub mod logging;
pub mod output;
mod progress;
mod signals;
pub mod token;
pub mod workshop;

use crate::args::Args;
use crate::failure::{Failure, is_broken_pipe, render};
use crate::output::{Output, complain};
use std::process::ExitCode;

/// Run the command that the arguments name, and say how the process should end.
#[must_use]
pub fn run(args: Args) -> ExitCode {
    let out = Output::new(args.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Failure::new("the process cannot start its threads").because(error).into()),
    };
    let result = runtime.block_on(commands::run(args.command, out));
    // What still runs has nothing left to finish: a command that owes something waits for it itself.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| if is_broken_pipe(&error) { ExitCode::SUCCESS } else { fail(&error) })
}

fn fail(error: &anyhow::Error) -> ExitCode {
    complain(&render(error));
    ExitCode::FAILURE
}
