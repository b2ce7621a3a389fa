//! `[endpoints.NAME]`: the upstream systems an adapter may reach, each under a name that is all the adapter knows.
//!
//! Absent is denied: an endpoint without methods or paths is a mistake, not an open door. Requests are decided by [`Endpoint::decide`].
//! Invariant: what is sent in clear text, and what lies inside, needs the word `private-network = true`.

use std::collections::BTreeMap;

use url::Url;

use crate::address::classify;
use crate::credential::{self, Credential, Spelled};
use crate::header::{self, HeaderName, Method};
use crate::limits::Limits;
use crate::mistakes::Invalid;
use crate::names::{kebab, quoted};
use crate::path_rule::PathRule;
use crate::reader::{Bounds, Table};
use crate::secret_ref::SecretRef;
use crate::timeouts::Timeouts;
use crate::tls::Tls;
use crate::url_text;

/// One upstream system and what may be asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The name the adapter knows.
    pub name: String,
    /// What the adapter's paths are put below; without a slash at the end of its path.
    pub url: Url,
    /// The methods it may use, sorted.
    pub methods: Vec<Method>,
    /// The paths it may ask for, sorted.
    pub paths: Vec<PathRule>,
    /// The request headers it may set besides [`header::SAFE_HEADERS`], sorted.
    pub headers: Vec<HeaderName>,
    /// What the host proves itself with.
    pub credential: Option<Credential>,
    /// Whether addresses inside (private, carrier-shared, loopback) may be reached.
    pub private_network: bool,
    /// How the connection is secured.
    pub tls: Tls,
    /// How long is waited.
    pub timeouts: Timeouts,
    /// Calls at one time, over all exchanges of the adapter. The adapter's own concurrency by default.
    pub concurrency: u32,
    /// What `{{secret:NAME}}` stands for in a header's value or in the body of a request to this endpoint, and to no other. The host
    /// puts the secret in, escaped as the content type of the request wants it. There are none in a path or a query: those are logged.
    pub secrets: BTreeMap<String, SecretRef>,
}

/// Reads `[endpoints]`.
pub(crate) fn read_all(root: &Table<'_>, limits: &Limits) -> BTreeMap<String, Endpoint> {
    let mut endpoints = BTreeMap::new();
    let Some(table) = root.table("endpoints") else {
        return endpoints;
    };
    for (name, node) in table.entries() {
        if let Err(invalid) = kebab(name) {
            node.wrong_key(invalid);
        }
        let Some(entry) = node.table() else {
            continue;
        };
        let endpoint = Endpoint::read(name, &entry, limits);
        entry.finish();
        if let Some(endpoint) = endpoint {
            endpoints.insert(name.to_owned(), endpoint);
        }
    }
    endpoints
}

impl Endpoint {
    fn read(name: &str, table: &Table<'_>, limits: &Limits) -> Option<Self> {
        let url = table
            .required("url", "write the URL below which the paths lie")
            .and_then(|node| url_text::read_base(&node));
        let methods = read_set(table, "methods", "name them, such as `methods = [\"GET\"]`", str::parse);
        let paths =
            read_set(table, "paths", "name them; `paths = [\"/*\"]` means everything below the URL", str::parse);
        let (credential, tls) = read_proofs(table);
        let bounds = Bounds { default: limits.concurrency, least: 1, most: Limits::MOST_CONCURRENCY };
        let endpoint = Self {
            name: name.to_owned(),
            methods,
            paths,
            headers: read_headers(table, credential.as_ref()),
            credential,
            private_network: table.switch("private-network"),
            tls,
            timeouts: Timeouts::read(table, limits),
            concurrency: table.count("concurrency", &bounds),
            secrets: read_secrets(table),
            // Last, so that everything else has been looked at.
            url: url?,
        };
        endpoint.check_ways(table);
        Some(endpoint)
    }

    /// Where tokens for the endpoint are fetched, if they are.
    pub(crate) fn token_url(&self) -> Option<&Url> {
        match &self.credential {
            Some(Credential::OAuth2 { token_url, .. }) => Some(token_url),
            _ => None,
        }
    }

    /// Checks the ways to the endpoint and to its tokens against what travels on them.
    fn check_ways(&self, table: &Table<'_>) {
        let token_key: &[_] = &["credential", "oauth2", "token-url"];
        let ways = [(Some(&self.url), &["url"][..]), (self.token_url(), token_key)];
        let proofs = self.credential.is_some() || !self.secrets.is_empty();
        let mut encrypted = false;
        for (url, key) in ways {
            let (Some(url), Some(node)) = (url, table.find(key)) else {
                continue;
            };
            // Refused early, because it would be refused at every call.
            let address = url_text::literal_address(url);
            let refusal = address.and_then(|address| classify(address).decide(address, self.private_network).err());
            if let Some(denial) = refusal {
                node.wrong(Invalid::new(denial.reason, denial.cure));
            }
            let clear = url.scheme() == "http";
            encrypted |= !clear;
            if clear && proofs && !self.private_network {
                let hint = "use `https`, or set `private-network = true` if the endpoint is inside";
                node.wrong(Invalid::new("a credential would travel through an open network in clear text", hint));
            }
        }
        let tls = table.get("tls").or_else(|| table.get("credential"));
        if let Some(node) = tls.filter(|_| !encrypted && self.tls != Tls::default()) {
            node.wrong_key(Invalid::new("has no meaning for an `http` URL", "use `https`, or take it out"));
        }
    }
}

fn read_set<T: Ord>(
    table: &Table<'_>,
    key: &'static str,
    hint: &str,
    read: impl Fn(&str) -> Result<T, Invalid>,
) -> Vec<T> {
    let Some(node) = table.required(key, hint) else {
        return Vec::new();
    };
    if node.value().as_array().is_some_and(|items| items.is_empty()) {
        node.wrong(Invalid::new("is empty, so nothing could be called", hint));
    }
    node.set(read)
}

/// What is in the safe set needs no grant, so naming it changes nothing and is not kept.
fn read_headers(table: &Table<'_>, credential: Option<&Credential>) -> Vec<HeaderName> {
    let grantable = |text: &str| {
        let name: HeaderName = text.parse()?;
        if let Some(why) = header::of_host(&name) {
            return Err(Invalid::new(format!("`{name}` cannot be granted: {why}"), "leave it to the host"));
        }
        if credential.is_some_and(|credential| credential.writes(&name)) {
            return Err(Invalid::new(format!("`{name}` is what the credential writes"), "take it out of the list"));
        }
        Ok(name)
    };
    let mut names = table.get("headers").map(|node| node.set(grantable)).unwrap_or_default();
    names.retain(|name| !header::is_safe(name) && !credential.is_some_and(|credential| credential.invites(name)));
    names
}

/// The credential and TLS, which share the client certificate.
fn read_proofs(table: &Table<'_>) -> (Option<Credential>, Tls) {
    let mut tls = Tls::read(table);
    let Some(node) = table.get("credential") else {
        return (None, tls);
    };
    match credential::read(&node) {
        Some(Spelled::Request(credential)) => (Some(credential), tls),
        Some(Spelled::Connection(certificate)) => {
            if tls.client_certificate.is_some() {
                let hint = "keep this one or the one in `tls`";
                node.wrong_key(Invalid::new("names a second client certificate", hint));
            }
            tls.client_certificate = Some(certificate);
            (None, tls)
        }
        None => (None, tls),
    }
}

fn read_secrets(table: &Table<'_>) -> BTreeMap<String, SecretRef> {
    let mut secrets = BTreeMap::new();
    let Some(section) = table.table("secrets") else {
        return secrets;
    };
    for (name, node) in section.entries() {
        if let Err(invalid) = placeholder_name(name) {
            node.wrong_key(invalid);
        }
        if let Some(secret) = node.parse(str::parse) {
            secrets.insert(name.to_owned(), secret);
        }
    }
    secrets
}

/// Checks the name in `{{secret:NAME}}`.
pub(crate) fn placeholder_name(name: &str) -> Result<(), Invalid> {
    let holds = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    if name.starts_with(|c: char| c.is_ascii_uppercase()) && name.len() <= 64 && name.bytes().all(holds) {
        return Ok(());
    }
    Err(Invalid::new(
        format!("{} is not the name of a placeholder", quoted(name)),
        "upper-case letters, digits and `_`, a letter first, such as `PASSWORD`",
    ))
}
