//! `nhip deploy`, `rollback`, `retire` and `stop`: what changes what is in service.

use super::Reach;
use crate::output::time::parse_span;
use clap::Args;
use nhip_policies::AdapterName;
use std::path::PathBuf;
use std::time::Duration;

const DEPLOY: &str = "\
Examples:
  nhip deploy population.wasm --policy population.toml
  nhip deploy population.wasm --policy population.toml --manifest adapter.toml
  nhip deploy population.wasm --policy population.toml --json";

/// Put a component in service, or say everything that speaks against it
#[derive(Args, Debug)]
#[command(after_help = DEPLOY)]
pub struct DeployArgs {
    /// The component, as the vendor ships it
    #[arg(value_name = "COMPONENT")]
    pub component: PathBuf,
    /// What it may touch and who may call it
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// The vendor's `adapter.toml`, when the component does not carry it
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

const ROLLBACK: &str = "\
Examples:
  nhip rollback population
  nhip rollback population --to 1.0.0";

/// Put an earlier version of an adapter back in service
#[derive(Args, Debug)]
#[command(after_help = ROLLBACK)]
pub struct RollbackArgs {
    /// The adapter
    #[arg(value_name = "ADAPTER")]
    pub adapter: AdapterName,
    /// The version to go back to
    #[arg(long, value_name = "VERSION")]
    pub to: Option<semver::Version>,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

const RETIRE: &str = "\
Examples:
  nhip retire population";

/// Take an adapter out of service
#[derive(Args, Debug)]
#[command(after_help = RETIRE)]
pub struct RetireArgs {
    /// The adapter
    #[arg(value_name = "ADAPTER")]
    pub adapter: AdapterName,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

const STOP: &str = "\
Examples:
  nhip stop
  nhip stop --wait 2m
  nhip stop --wait 0s     ask, and do not wait";

/// Stop the gateway; exchanges under way are finished first
#[derive(Args, Debug)]
#[command(after_help = STOP)]
pub struct StopArgs {
    /// How long to wait until it has stopped
    #[arg(long, value_name = "TIME", default_value = "90s", value_parser = parse_span)]
    pub wait: Duration,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}
