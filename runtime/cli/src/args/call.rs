//! `nhip call`.

use super::reach::url;
use clap::Args;
use nhip_policies::{FunctionName, ServiceName};
use reqwest::Url;
use std::fmt;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  NHIP_KEY=$(nhip caller add mot-cua) nhip call population find-by-id --body '{\"id\": \"001099000001\"}'
  nhip call documents list --key-file mot-cua.key --purpose tiep-nhan --body @query.json
  echo '{}' | nhip call documents list-agencies --body - --json

Exit codes:
  0  answered
  1  the call could not be made
  2  the arguments cannot be understood
  3  a fault to blame on the caller
  4  a fault to blame on the adapter
  5  a fault to blame on the upstream system
  6  a fault to blame on the gateway";

/// Call a function of a service, as a calling system does
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CallArgs {
    /// The service, by its public name
    #[arg(value_name = "SERVICE")]
    pub service: ServiceName,
    /// The function, by its name in the contract
    #[arg(value_name = "FUNCTION")]
    pub function: FunctionName,
    /// The parameters, a JSON object by name: the text itself, `@FILE`, or `-` for standard input
    #[arg(long, value_name = "JSON", default_value = "{}")]
    pub body: String,
    /// The caller's key; other users of the machine can see it here, so rather use NHIP_KEY or `--key-file`
    #[arg(long, value_name = "KEY", conflicts_with = "key_file")]
    pub key: Option<Key>,
    /// File with the caller's key; without it NHIP_KEY is taken
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// What the data is wanted for
    #[arg(long, value_name = "CODE")]
    pub purpose: Option<String>,
    /// The gateway's data listener
    #[arg(
        long,
        value_name = "URL",
        env = "NHIP_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8080",
        value_parser = url
    )]
    pub url: Url,
    /// Certificates of the authority to trust, in PEM, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// A caller's key. It does not print.
#[derive(Clone)]
pub struct Key(zeroize::Zeroizing<String>);

impl Key {
    /// Takes a key into custody.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(zeroize::Zeroizing::new(text))
    }

    /// The key, to be put into a header.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
