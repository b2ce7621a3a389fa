//! How a command finds the gateway and proves itself.

use clap::Args;
use reqwest::Url;
use std::path::PathBuf;

/// Where the gateway's admin listener is, and the token for it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Reaching the gateway")]
pub struct Reach {
    /// The gateway's admin listener
    #[arg(
        long,
        value_name = "URL",
        env = "NHIP_ADMIN",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8081",
        value_parser = url
    )]
    pub admin: Url,
    /// File with the admin token; without it NHIP_TOKEN is taken, then the token in the data folder
    #[arg(long, value_name = "FILE", conflicts_with = "data")]
    pub token_file: Option<PathBuf>,
    /// The gateway's data folder, which holds the admin token [default: ./nhip-data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Who you are, for the list of acts; it proves nothing, the token does
    #[arg(long, value_name = "NAME", env = "NHIP_OPERATOR", hide_env_values = true)]
    pub operator: Option<String>,
}

/// An address of a listener: a URL, or `HOST:PORT` for plain HTTP.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let url: Url = full.parse().map_err(|error| format!("{error}; write it as `http://127.0.0.1:8081`"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}` is not a scheme that is spoken here; write `http` or `https`", url.scheme()));
    }
    if url.cannot_be_a_base() || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err("only scheme, host, port and path may be given".to_owned());
    }
    Ok(url)
}
