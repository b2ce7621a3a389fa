//! The binary `nhip`: reads its arguments, runs one command, says how it went.
//!
//! Everything else is in the library, so that tests can hold it.

use clap::Parser;
use nhip_cli::args::Args;
use std::process::ExitCode;

fn main() -> ExitCode {
    nhip_cli::run(Args::parse())
}
