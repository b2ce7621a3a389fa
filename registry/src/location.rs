//! Where a shared PostgreSQL is, and how its URL is read: `postgres://user:password@host:port/database?sslmode=…`.
//!
//! Invariants: the password is in the URL that goes to the driver and nowhere else; what is printed or put into an
//! error names user-given host and database only. A parameter that is not known is refused, since a mistyped
//! `sslmode` would silently be a weaker one. Without `sslmode`, a host that is not this machine must prove itself
//! (`verify-full`): whoever wants less says so.

use crate::error::RegistryError;
use std::fmt;
use std::net::IpAddr;
use url::{Host, Url};

/// The parameters that are taken from a URL.
const PARAMETERS: [&str; 9] =
    ["host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"];
/// What the server is told of each session. A statement or a wait for a lock that takes longer fails; a gateway that
/// stops in the middle of a change loses it, so that the others go on.
const SESSION: [(&str, &str); 3] = [
    ("options[statement_timeout]", "10s"),
    ("options[lock_timeout]", "5s"),
    ("options[idle_in_transaction_session_timeout]", "10s"),
];

/// A database on a PostgreSQL server.
#[derive(Clone)]
pub(crate) struct Location {
    url: Url,
    shown: String,
}

impl Location {
    /// Read the operator's URL. `gateway` is how the server's own listings call the sessions.
    pub(crate) fn parse(text: &str, gateway: &str) -> Result<Self, RegistryError> {
        // Not even the parser's own words: they may repeat what was given.
        let mut url = Url::parse(text).map_err(|_| refused("it is not a URL"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(refused("it does not begin with `postgres://`"));
        }
        if url.query_pairs().any(|(name, _)| !PARAMETERS.contains(&&*name)) {
            // Its name could be a part of a password with an unescaped `?` in it.
            return Err(refused(&format!("it has a parameter that is none of `{}`", PARAMETERS.join("`, `"))));
        }
        if url.fragment().is_some() {
            return Err(refused("it has a `#`; in a password write `%23`"));
        }
        let host = parameter(&url, "host").or_else(|| own_host(&url)).ok_or_else(|| refused("it names no host"))?;
        let database = parameter(&url, "dbname").unwrap_or_else(|| url.path().trim_matches('/').to_owned());
        if database.is_empty() {
            return Err(refused("it names no database"));
        }
        let port = parameter(&url, "port").or_else(|| url.port().map(|port| port.to_string()));
        let shown = format!("{database} at {host}:{}", port.as_deref().unwrap_or("5432"));
        let secured = parameter(&url, "sslmode").is_some();
        let mut pairs = url.query_pairs_mut();
        // The driver takes an IPv6 address without its brackets.
        pairs.append_pair("host", &host).append_pair("application_name", &format!("nhip {gateway}"));
        if !secured {
            pairs.append_pair("sslmode", default_mode(&host));
        }
        pairs.extend_pairs(SESSION);
        drop(pairs);
        Ok(Self { url, shown })
    }

    /// What goes to the driver. It holds the password.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

/// The database and the host: what may be printed.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({})", self.shown)
    }
}

fn parameter(url: &Url, wanted: &str) -> Option<String> {
    url.query_pairs().find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

fn own_host(url: &Url) -> Option<String> {
    match url.host()? {
        Host::Domain("") => None,
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(address) => Some(address.to_string()),
        Host::Ipv6(address) => Some(address.to_string()),
    }
}

/// A socket is this machine's file system, and loopback its memory: nobody is in between.
fn default_mode(host: &str) -> &'static str {
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match host {
        socket if socket.starts_with('/') => "disable",
        _ if loopback => "prefer",
        _ => "verify-full",
    }
}

fn refused(why: &str) -> RegistryError {
    RegistryError::DatabaseUrl { why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::ConnectOptions;
    use sqlx::postgres::{PgConnectOptions, PgSslMode};

    fn options(text: &str) -> PgConnectOptions {
        PgConnectOptions::from_url(Location::parse(text, "g").unwrap().url()).unwrap()
    }

    #[test]
    fn only_another_machine_must_prove_itself_unless_told_otherwise() {
        // The driver's own words for its modes.
        let mode = |text| format!("{:?}", options(text).get_ssl_mode());
        let expected = |mode: PgSslMode| format!("{mode:?}");
        for (text, wanted) in [
            ("postgres://u:p@db.example/nhip", PgSslMode::VerifyFull),
            ("postgres://u:p@10.0.0.9:6000/nhip", PgSslMode::VerifyFull),
            ("postgres://u:p@db.example/nhip?sslmode=require", PgSslMode::Require),
            ("postgres://u:p@127.0.0.1/nhip", PgSslMode::Prefer),
            ("postgres://u:p@[::1]/nhip", PgSslMode::Prefer),
            ("postgres://u@localhost/nhip?host=/run/postgresql", PgSslMode::Disable),
            ("postgres://u@localhost/nhip?sslmode=verify-ca", PgSslMode::VerifyCa),
        ] {
            assert_eq!(mode(text), expected(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_shown_names_database_and_host_and_never_the_password() {
        for (text, shown) in [
            ("postgres://u:hush@db.example:6000/nhip", "nhip at db.example:6000"),
            ("postgresql://u:hush@[::1]/nhip", "nhip at ::1:5432"),
            ("postgres:///?host=/run/postgresql&dbname=nhip&password=hush", "nhip at /run/postgresql:5432"),
        ] {
            let location = Location::parse(text, "g").unwrap();
            assert_eq!(location.to_string(), shown);
            assert!(!format!("{location:?}").contains("hush"), "{location:?}");
            assert!(options(text).get_host() != "[::1]", "brackets are the URL's, not the address's");
        }
    }

    #[test]
    fn what_is_refused_says_why_and_repeats_nothing() {
        for (text, why) in [
            ("hush", "not a URL"),
            ("mysql://u:hush@db.example/nhip", "`postgres://`"),
            ("postgres://u:hush@db.example/", "no database"),
            ("postgres:///nhip?password=hush", "no host"),
            ("postgres://u:p@db.example/nhip?sslmod=hush", "`sslmode`"),
            ("postgres://u:12?hush@db.example/nhip", "parameter"),
            ("postgres://u:12#hush@db.example/nhip", "`%23`"),
            ("postgres://u:12/hush@db.example/nhip?hush", "parameter"),
            ("postgres://u:hu#sh@db.example/nhip", "not a URL"),
        ] {
            let error = Location::parse(text, "g").unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(told.contains(why) && !told.contains("hush") && !told.contains("hu#sh"), "{text}: {told}");
        }
    }
}
