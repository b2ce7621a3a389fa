//! `nhip policy`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  nhip policy check population.toml
  nhip policy explain population.toml";

/// Check or explain a policy file; needs no gateway
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PolicyArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// What can be done with a policy.
#[derive(Subcommand, Debug)]
pub enum PolicyCommand {
    /// Name every mistake of policy files, with line and column
    #[command(
        after_help = "Examples:\n  nhip policy check population.toml\n  nhip policy check policies/*.toml --json"
    )]
    Check {
        /// The policies
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Say in words what a policy grants, defaults included
    #[command(after_help = "Examples:\n  nhip policy explain population.toml")]
    Explain {
        /// The policy
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
