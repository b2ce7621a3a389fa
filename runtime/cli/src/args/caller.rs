//! `nhip caller`.

use super::Reach;
use clap::{Args, Subcommand};
use nhip_policies::CallerName;

const EXAMPLES: &str = "\
Examples:
  nhip caller add mot-cua
  nhip caller add mot-cua > mot-cua.key
  nhip caller list
  nhip caller key mot-cua
  nhip caller revoke mot-cua --key 3
  nhip caller revoke mot-cua --all";

/// Register calling systems and manage their keys
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CallerArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CallerCommand,
}

/// What can be done with callers.
#[derive(Subcommand, Debug)]
pub enum CallerCommand {
    /// Register a calling system and print its first key, once
    #[command(after_help = "Examples:\n  nhip caller add mot-cua\n  nhip caller add mot-cua > mot-cua.key")]
    Add {
        /// Its name, as policies will name it
        #[arg(value_name = "CALLER")]
        name: CallerName,
        /// The gateway.
        #[command(flatten)]
        reach: Reach,
    },
    /// Print a further key for a caller, once, so that it can change over before the old one is revoked
    #[command(after_help = "Examples:\n  nhip caller key mot-cua")]
    Key {
        /// The caller
        #[arg(value_name = "CALLER")]
        name: CallerName,
        /// The gateway.
        #[command(flatten)]
        reach: Reach,
    },
    /// List the callers and their keys, by number and hint
    #[command(after_help = "Examples:\n  nhip caller list\n  nhip caller list --json")]
    List {
        /// The gateway.
        #[command(flatten)]
        reach: Reach,
    },
    /// Revoke a key, or all keys, of a caller: it proves nothing from then on
    #[command(after_help = "Examples:\n  nhip caller revoke mot-cua --key 3\n  nhip caller revoke mot-cua --all")]
    Revoke {
        /// The caller
        #[arg(value_name = "CALLER")]
        name: CallerName,
        /// Only the key of this number
        #[arg(long, value_name = "NUMBER", required_unless_present = "all", conflicts_with = "all")]
        key: Option<i64>,
        /// All its keys
        #[arg(long)]
        all: bool,
        /// The gateway.
        #[command(flatten)]
        reach: Reach,
    },
}
