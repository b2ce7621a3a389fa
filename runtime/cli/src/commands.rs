//! The commands, each in the file of its name.

mod acts;
mod adapters;
mod audit;
mod call;
mod caller;
mod change;
mod dead_letters;
mod deploy;
mod exchanges;
mod pack;
mod policy;
mod report;
mod serve;
mod services;
mod stop;

use crate::args::Command;
use crate::output::Output;
use std::process::ExitCode;

/// Run one command.
///
/// # Errors
/// The command failed; the error says what, why and what to do about it.
pub async fn run(command: Command, out: Output) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve::run(args, out).await,
        Command::Deploy(args) => deploy::run(&args, out).await,
        Command::Rollback(args) => change::rollback(&args, out).await,
        Command::Retire(args) => change::retire(&args, out).await,
        Command::Adapters(args) => adapters::run(&args, out).await,
        Command::Services(args) => services::run(&args, out).await,
        Command::Call(args) => call::run(args, out).await,
        Command::Caller(args) => caller::run(args.command, out).await,
        Command::Pack(args) => pack::run(&args, out),
        Command::Demo(args) => crate::demo::run(args).await,
        Command::Policy(args) => policy::run(&args.command, out),
        Command::Exchanges(args) => exchanges::run(args, out).await,
        Command::DeadLetters(args) => dead_letters::run(args.command, out).await,
        Command::Acts(args) => acts::run(&args, out).await,
        Command::Audit(args) => audit::run(args.command, out).await,
        Command::Stop(args) => stop::run(&args, out).await,
    }
}
