//! `nhip dead-letters`.
//!
//! Invariant: which dead letters are meant is always said: one, some by a filter, or `--all`.

use super::Reach;
use crate::output::time::{Moment, parse_moment};
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  nhip dead-letters list
  nhip dead-letters show 0199c0de-7000-7000-8000-000000000001
  nhip dead-letters retry 0199c0de-7000-7000-8000-000000000001
  nhip dead-letters retry --service documents --outcome upstream-unavailable
  nhip dead-letters discard --service documents --until '30 days' --yes";

const LIST: &str = "\
Examples:
  nhip dead-letters list
  nhip dead-letters list --service documents --outcome upstream-unavailable --since '2 days'
  nhip dead-letters list --limit 1000 --json";

const SHOW: &str = "\
Examples:
  nhip dead-letters show 0199c0de-7000-7000-8000-000000000001
  nhip dead-letters show 0199c0de-7000-7000-8000-000000000001 --json";

const RETRY: &str = "\
Examples:
  nhip dead-letters retry 0199c0de-7000-7000-8000-000000000001
  nhip dead-letters retry --service documents --outcome upstream-unavailable
  nhip dead-letters retry --all";

const DISCARD: &str = "\
Examples:
  nhip dead-letters discard 0199c0de-7000-7000-8000-000000000001
  nhip dead-letters discard --service documents --until '30 days' --yes
  nhip dead-letters discard --all --yes";

/// List, show, retry and discard the exchanges that could not be delivered
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DeadLettersArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: DeadLettersCommand,
}

/// What can be done with dead letters.
#[derive(Subcommand, Debug)]
pub enum DeadLettersCommand {
    /// List the dead letters, those that died last first
    List(DeadLettersListArgs),
    /// Show one with its whole story: what became of every try
    Show(DeadLettersShowArgs),
    /// Have them delivered after all, at the end of their lanes, with attempts and age counted anew
    Retry(DeadLettersRetryArgs),
    /// Give them up: what they carry is deleted, and their callers are told the last fault
    Discard(DeadLettersDiscardArgs),
}

/// Which dead letters
#[derive(Args, Clone, PartialEq, Eq, Debug, Default)]
pub struct DeadLettersFilter {
    /// Only those of this service
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only those of this function
    #[arg(long, value_name = "FUNCTION")]
    pub function: Option<String>,
    /// Only those of this caller
    #[arg(long, value_name = "CALLER")]
    pub caller: Option<String>,
    /// Only those whose last fault has this code
    #[arg(long, value_name = "CODE")]
    pub outcome: Option<String>,
    /// Only those that died since this moment: `2026-11-01` (UTC), `2026-11-01T08:00:00+07:00`, or how long ago: `2 days`
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub since: Option<Moment>,
    /// Only those that died before this moment
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub until: Option<Moment>,
}

/// List the dead letters, those that died last first
#[derive(Args, Debug)]
#[command(after_help = LIST)]
pub struct DeadLettersListArgs {
    /// Which.
    #[command(flatten)]
    pub filter: DeadLettersFilter,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Show one with its whole story: what became of every try
#[derive(Args, Debug)]
#[command(after_help = SHOW)]
pub struct DeadLettersShowArgs {
    /// The dead letter, by its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Those that are meant: one by its id, or some by a filter, or all
#[derive(Args, Debug)]
pub struct DeadLettersChoice {
    /// The dead letter, by its id
    #[arg(
        value_name = "ID",
        required_unless_present_any = ["service", "function", "caller", "outcome", "since", "until", "all"],
        conflicts_with_all = ["service", "function", "caller", "outcome", "since", "until", "all"]
    )]
    pub id: Option<String>,
    /// Which.
    #[command(flatten)]
    pub filter: DeadLettersFilter,
    /// Every one there is
    #[arg(long, conflicts_with_all = ["service", "function", "caller", "outcome", "since", "until"])]
    pub all: bool,
}

/// Have them delivered after all, at the end of their lanes, with attempts and age counted anew
#[derive(Args, Debug)]
#[command(after_help = RETRY)]
pub struct DeadLettersRetryArgs {
    /// Which.
    #[command(flatten)]
    pub choice: DeadLettersChoice,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Give them up: what they carry is deleted, and their callers are told the last fault
#[derive(Args, Debug)]
#[command(after_help = DISCARD)]
pub struct DeadLettersDiscardArgs {
    /// Which.
    #[command(flatten)]
    pub choice: DeadLettersChoice,
    /// Yes, all that are meant: demanded with a filter and with `--all`, for what they carry is gone for good
    #[arg(long)]
    pub yes: bool,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}
