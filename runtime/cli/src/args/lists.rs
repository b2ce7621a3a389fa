//! `nhip adapters`, `services`, `exchanges` and `acts`: what shows what is there.

use super::Reach;
use clap::Args;
use nhip_policies::AdapterName;

const ADAPTERS: &str = "\
Examples:
  nhip adapters
  nhip adapters population
  nhip adapters --json";

/// List the adapters, or show one with its history
#[derive(Args, Debug)]
#[command(after_help = ADAPTERS)]
pub struct AdaptersArgs {
    /// The adapter to show; all are listed without it
    #[arg(value_name = "ADAPTER")]
    pub adapter: Option<AdapterName>,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

const SERVICES: &str = "\
Examples:
  nhip services
  nhip services --json";

/// List the services that callers can call
#[derive(Args, Debug)]
#[command(after_help = SERVICES)]
pub struct ServicesArgs {
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

const EXCHANGES: &str = "\
Examples:
  nhip exchanges
  nhip exchanges --service population --limit 20
  nhip exchanges --id 0199c0de-7000-7000-8000-000000000001
  nhip exchanges --outcome upstream-timeout --json";

/// List the records of the newest exchanges
#[derive(Args, Debug)]
#[command(after_help = EXCHANGES)]
pub struct ExchangesArgs {
    /// Only the exchange of this id, with everything its record holds
    #[arg(long, value_name = "ID")]
    pub id: Option<String>,
    /// Only exchanges of this service
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only exchanges of this caller
    #[arg(long, value_name = "CALLER")]
    pub caller: Option<String>,
    /// Only exchanges that ended so: `ok`, or the code of a fault
    #[arg(long, value_name = "CODE")]
    pub outcome: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

const ACTS: &str = "\
Examples:
  nhip acts
  nhip acts --limit 10 --json";

/// List what was changed in the gateway, by whom
#[derive(Args, Debug)]
#[command(after_help = ACTS)]
pub struct ActsArgs {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}
