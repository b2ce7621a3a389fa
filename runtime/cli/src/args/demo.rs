//! `nhip demo`.

use clap::Args;
use std::path::PathBuf;

/// The arguments of `nhip demo`.
#[derive(Args, Debug, Clone)]
#[command(after_help = "\
Examples:
  nhip demo            build everything, show it, and stay up to be tried by hand
  nhip demo --once     the same, ending after the summary: exit code 1 if any exchange failed
  nhip demo --seconds 30 --clients 16
                       a longer and heavier load around the replacement")]
pub struct DemoArgs {
    /// End after the summary
    #[arg(long)]
    pub once: bool,
    /// Use the components in this folder instead of building them
    #[arg(long, value_name = "DIR")]
    pub adapters: Option<PathBuf>,
    /// Keep the gateway's state in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Seconds of load before, between and after the two replacements
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub seconds: u64,
    /// Clients that call at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=48))]
    pub clients: u16,
}
