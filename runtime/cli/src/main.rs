//! The binary `nhip`: reads its arguments, runs one command, says how it went.
//!
//! Everything else is in the library, so that tests can hold it.

use clap::Parser;
use nhip_cli::allocator::Allocator;
use nhip_cli::args::Args;
use std::process::ExitCode;

/// An exchange makes and frees dozens of small values, some of them on another thread than made them: docs/decisions/0017.
#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    nhip_cli::run(Args::parse())
}
