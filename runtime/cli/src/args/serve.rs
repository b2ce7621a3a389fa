//! `nhip serve`.

use crate::logging::LogFormat;
use crate::output::time::{parse_age, parse_span};
use clap::Args;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

const EXAMPLES: &str = "\
Examples:
  nhip serve
  nhip serve --data /var/lib/nhip --listen 0.0.0.0:8443 --tls-cert server.crt --tls-key server.key
  nhip serve --listen 127.0.0.1:0 --admin 127.0.0.1:0 --json
  nhip serve --gateway bridge-1 --database file:/run/secrets/nhip-database
  nhip serve --record-retention '3650 days'
  nhip serve --log info,nhip_host=debug --log-format json

Signals:
  SIGTERM and SIGINT take no new exchanges, finish those under way and exit 0.
  A second one exits at once.";

/// Run the gateway
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// Folder of all state; made for its owner alone when it is missing
    #[arg(long, value_name = "DIR", default_value = "nhip-data")]
    pub data: PathBuf,
    /// Address of the data listener, where callers call; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Address of the admin listener, where this program's commands go; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    pub admin: SocketAddr,
    /// Let the admin listener be reached from other machines. It speaks plain HTTP: put TLS or a VPN in front of it
    #[arg(long)]
    pub admin_remote: bool,
    /// Name by which the admin listener may be addressed, besides IP addresses and `localhost`; may be repeated
    #[arg(long, value_name = "NAME")]
    pub admin_host: Vec<String>,
    /// Certificate chain for TLS on the data listener, in PEM, the server's own first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// How many sandboxes may live at once, over all adapters; a quarter more of their memories are kept warm for the
    /// next exchange of the same component, each with what the last one used of it, at most 4 MiB
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub pool: u32,
    /// How long a stop waits for exchanges under way
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_span)]
    pub grace: Duration,
    /// PostgreSQL that several gateways share: `env:NAME` or `file:PATH` where its URL is, or the URL itself, which other
    /// users of the machine can see here, password and all. Without it, SQLite in the data folder
    #[arg(long, value_name = "WHERE", env = "NHIP_DATABASE", hide_env_values = true)]
    pub database: Option<DatabaseSource>,
    /// Name of this gateway, its own among those that share a database, and for ever the one of its record [default:
    /// gateway, on SQLite]
    #[arg(long, value_name = "NAME")]
    pub gateway: Option<String>,
    /// A segment of the record is sealed when its first entry has this age
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = segment_age)]
    pub segment_age: Duration,
    /// Entries of the record are dropped, whole segments at a time, when they are older than this; a day at least
    /// [default: kept for ever]
    #[arg(long, value_name = "AGE", value_parser = retention)]
    pub record_retention: Option<Duration>,
    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
}

fn segment_age(text: &str) -> Result<Duration, String> {
    match parse_span(text)? {
        age if age < Duration::from_secs(1) => Err("a segment takes a second at least".to_owned()),
        age => Ok(age),
    }
}

fn retention(text: &str) -> Result<Duration, String> {
    match parse_age(text)? {
        age if age < Duration::from_secs(24 * 60 * 60) => Err("the record is kept for a day at least".to_owned()),
        age => Ok(age),
    }
}

/// Where the URL of the database is, or the URL itself. It may hold a password, so it is never printed.
#[derive(Clone)]
pub struct DatabaseSource(Zeroizing<String>);

impl DatabaseSource {
    /// The text as it was given.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for DatabaseSource {
    fn from(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseSource(…)")
    }
}

/// What is logged, and how.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// What to log: a level, or levels of parts
    #[arg(long, value_name = "FILTER", env = "NHIP_LOG", hide_env_values = true, default_value = "info")]
    pub log: String,
    /// How a log line looks; the log goes to standard error
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub log_format: LogFormat,
}
