//! The command line.

use crate::scenarios::NAMES;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  cargo run --release -p nhip-bench
  cargo run --release -p nhip-bench -- --quick
  cargo run --release -p nhip-bench -- --only plain,upstream --rounds 7 --seconds 10
  cargo run --release -p nhip-bench -- --only growth-payload --out /tmp/growth
  cargo run --release -p nhip-bench -- --only plain --nhip /tmp/before/nhip
  cargo run --release -p nhip-bench -- --against /tmp/before/nhip --rounds 31 --seconds 1

Needs the Debian packages wrk, hey and nginx-light (apt-get install -y wrk hey nginx-light), Node.js with npm for the
JavaScript adapter and `cargo install wasmtime-cli` for `wasmtime serve`. Without wrk it stops; what else is missing
is left out with a word.";

/// Drive Nhịp and what people would pick instead, in one run, and print the ratios
#[derive(Parser, Debug)]
#[command(name = "nhip-bench", after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    /// What this program does for itself.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// How often each contender is driven; the medians count
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,
    /// How long each time
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub(crate) seconds: u32,
    /// Only these scenarios; may be repeated
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(NAMES))]
    pub(crate) only: Vec<String>,
    /// Connections of the load generator, where the scenario does not say its own
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) connections: u32,
    /// Drive this `nhip` instead of one that is built here
    #[arg(long, value_name = "FILE")]
    pub(crate) nhip: Option<PathBuf>,
    /// Compare with this other build of `nhip`, in turns, instead of with the other contenders: in `plain`, `upstream`
    /// and, where `--only` names them, `record` (the durable one) and `adapters`
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// Folder for `bench.json` and `bench.svg`
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    pub(crate) out: PathBuf,
    /// One round of one second, and small numbers: to see that everything works, not for figures
    #[arg(long)]
    pub(crate) quick: bool,
}

/// What this program does for itself, in processes of their own.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// The native contender
    #[command(hide = true)]
    Native(Native),
    /// The register of agencies, the upstream system
    #[command(hide = true)]
    Register,
}

/// What the native contender has beside its own logic.
#[derive(Args, Debug)]
pub(crate) struct Native {
    /// Address of the register of agencies
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) register: Option<String>,
    /// Folder of plugins
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
    /// File of the journal, which is not there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}

impl Options {
    /// Rounds, seconds of each.
    pub(crate) fn timing(&self) -> (u32, u32) {
        if self.quick { (1, 1) } else { (self.rounds, self.seconds) }
    }

    /// A number that is smaller in a quick run.
    pub(crate) fn many(&self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }

    /// Whether a scenario was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == name)
    }
}
