//! The binary `nhip`: reads its arguments, runs one command, says how it went.
//!
//! Everything else is in the library, so that tests can hold it.

use clap::Parser;
use mimalloc::MiMalloc;
use nhip_cli::args::Args;
use std::process::ExitCode;

/// An exchange makes and frees some hundred small values, some of them on another thread than made them: docs/performance.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    nhip_cli::run(Args::parse())
}
