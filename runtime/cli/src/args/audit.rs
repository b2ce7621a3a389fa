//! `nhip audit`.

use super::Reach;
use crate::output::time::{Moment, parse_age, parse_moment};
use clap::{Args, Subcommand, ValueEnum};
use nhip_registry::record::{EntryKind, PublicKey};
use std::path::PathBuf;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  nhip audit key > gateway.key
  nhip audit checkpoint --out /mnt/elsewhere/2026-11-22.checkpoint
  nhip audit export --from 2026-11-01 --to 2026-12-01 --out november.jsonl
  nhip audit verify november.jsonl --key-file gateway.key
  nhip audit search --service documents --since '2 days'
  nhip audit show 0199c0de-7000-7000-8000-000000000001
  nhip audit fetch --gateway bridge-2 --out record-of-bridge-2
  nhip audit retain --older-than '3650 days'";

const VERIFY: &str = "\
Examples:
  nhip audit verify november.jsonl --key ed25519:6ef6…
  nhip audit verify /var/lib/nhip/record --key-file gateway.key --checkpoint 2026-11-22.checkpoint
  nhip audit verify november.jsonl --key-file gateway.key --json

Exit codes:
  0  sound
  1  not sound, or it could not be looked at; standard error names the first thing that is wrong";

const KEY: &str = "\
Examples:
  nhip audit key
  nhip audit key --offline --data /var/lib/nhip";

const CHECKPOINT: &str = "\
Examples:
  nhip audit checkpoint
  nhip audit checkpoint --out /mnt/elsewhere/2026-11-22.checkpoint";

const EXPORT: &str = "\
Examples:
  nhip audit export --out whole.jsonl
  nhip audit export --from 2026-11-01 --to 2026-12-01 --out november.jsonl
  nhip audit export --from '7 days' --out last-week.jsonl";

const SEARCH: &str = "\
Examples:
  nhip audit search
  nhip audit search --service documents --outcome upstream-timeout --since '2 days'
  nhip audit search --kind act --limit 20
  nhip audit search --upstream-id 000.00.00.H41 --json";

const SHOW: &str = "\
Examples:
  nhip audit show 0199c0de-7000-7000-8000-000000000001
  nhip audit show 0199c0de-7000-7000-8000-000000000001 --json";

const GATEWAYS: &str = "\
Examples:
  nhip audit gateways
  nhip audit gateways --json";

const FETCH: &str = "\
Examples:
  nhip audit fetch --gateway bridge-2 --out record-of-bridge-2 --key-file bridge-2.key

The disk of bridge-2 was lost, and its signing key was kept:
  nhip audit fetch --gateway bridge-2 --out /var/lib/nhip/record
  cp signing.key /var/lib/nhip/record/";

const RETAIN: &str = "\
Examples:
  nhip audit retain --older-than '3650 days'";

/// Verify, search, export and empty the record
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What can be done with the record.
#[derive(Subcommand, Debug)]
pub enum AuditCommand {
    /// Verify an export, or the folder of a record, with nothing but the public key; needs no gateway
    Verify(VerifyArgs),
    /// Print the public key that the gateway's record is verified with
    Key(KeyArgs),
    /// Seal the record and print a signed line that says how far it has come, to be kept elsewhere
    Checkpoint(CheckpointArgs),
    /// Write a part of the record to a file that can be verified anywhere
    Export(ExportArgs),
    /// List what is on record, the newest first
    Search(SearchArgs),
    /// Show everything on record of one exchange: every attempt, and what was asked of upstream systems
    Show(ShowArgs),
    /// List the gateways that share the database, and how far their records are in it
    Gateways(GatewaysArgs),
    /// Fetch the sealed segments of a gateway's record from the shared database, and verify them
    Fetch(FetchArgs),
    /// Empty old segments of the record of their entries; the chain can still be verified through them
    Retain(RetainArgs),
}

/// Verify an export, or the folder of a record, with nothing but the public key; needs no gateway
#[derive(Args, Debug)]
#[command(after_help = VERIFY)]
pub struct VerifyArgs {
    /// An export, or a record's folder: `record` in the data folder
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// The public key, as `nhip audit key` prints it
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    pub key: Option<PublicKey>,
    /// File with the public key
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// File with a checkpoint that was kept elsewhere: the record must come by it
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// Print the public key that the gateway's record is verified with
#[derive(Args, Debug)]
#[command(after_help = KEY)]
pub struct KeyArgs {
    /// Read it from the data folder instead of asking the gateway
    #[arg(long)]
    pub offline: bool,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Seal the record and print a signed line that says how far it has come, to be kept elsewhere
#[derive(Args, Debug)]
#[command(after_help = CHECKPOINT)]
pub struct CheckpointArgs {
    /// Write it to this new file instead
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Write a part of the record to a file that can be verified anywhere
#[derive(Args, Debug)]
#[command(after_help = EXPORT)]
pub struct ExportArgs {
    /// From this moment on: `2026-11-01` (UTC), `2026-11-01T08:00:00+07:00`, or how long ago: `7 days`
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub from: Option<Moment>,
    /// Up to this moment. Segments are exported whole, so there may be more than was asked for
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub to: Option<Moment>,
    /// The new file to write it to
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// List what is on record, the newest first
#[derive(Args, Debug)]
#[command(after_help = SEARCH)]
pub struct SearchArgs {
    /// Only the record of this gateway, of those that share the database
    #[arg(long, value_name = "NAME")]
    pub gateway: Option<String>,
    /// Only this kind of entry
    #[arg(long, value_name = "KIND")]
    pub kind: Option<Kind>,
    /// Only exchanges of this service
    #[arg(long, value_name = "SERVICE")]
    pub service: Option<String>,
    /// Only exchanges of this caller
    #[arg(long, value_name = "CALLER")]
    pub caller: Option<String>,
    /// Only exchanges that ended so: `ok`, or the code of a fault
    #[arg(long, value_name = "CODE")]
    pub outcome: Option<String>,
    /// Only exchanges that this adapter served
    #[arg(long, value_name = "ADAPTER")]
    pub adapter: Option<String>,
    /// Only exchanges with this text in an id that an upstream system gave
    #[arg(long, value_name = "TEXT")]
    pub upstream_id: Option<String>,
    /// Only since this moment: `2026-11-01` (UTC), `2026-11-01T08:00:00+07:00`, or how long ago: `2 days`
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub since: Option<Moment>,
    /// Only until this moment
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    pub until: Option<Moment>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Kinds of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Kind {
    /// Exchanges, one entry for each attempt
    Exchange,
    /// Control acts
    Act,
    /// Starts and stops of the gateway, and retention
    Gateway,
}

impl From<Kind> for EntryKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Exchange => Self::Exchange,
            Kind::Act => Self::Act,
            Kind::Gateway => Self::Gateway,
        }
    }
}

/// Show everything on record of one exchange: every attempt, and what was asked of upstream systems
#[derive(Args, Debug)]
#[command(after_help = SHOW)]
pub struct ShowArgs {
    /// The exchange, by its id
    #[arg(value_name = "ID")]
    pub id: String,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// List the gateways that share the database, and how far their records are in it
#[derive(Args, Debug)]
#[command(after_help = GATEWAYS)]
pub struct GatewaysArgs {
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Fetch the sealed segments of a gateway's record from the shared database, and verify them
#[derive(Args, Debug)]
#[command(after_help = FETCH)]
pub struct FetchArgs {
    /// The gateway whose record it is; the one that is asked may be another
    #[arg(long, value_name = "NAME")]
    pub gateway: String,
    /// The folder to write them to, with no segments in it
    #[arg(long, short, value_name = "FOLDER")]
    pub out: PathBuf,
    /// File with the public key, as it was kept; without it the one that the database names is taken
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}

/// Empty old segments of the record of their entries; the chain can still be verified through them
#[derive(Args, Debug)]
#[command(after_help = RETAIN)]
pub struct RetainArgs {
    /// Segments whose newest entry is older than this are emptied
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub older_than: Duration,
    /// The gateway.
    #[command(flatten)]
    pub reach: Reach,
}
