//! HTTP towards a gateway's listeners. Invariants: no redirect is followed and no proxy is asked, so a key or token
//! goes to the address that was named and nowhere else; certificates are always verified.

use crate::failure::Failure;
use reqwest::{Certificate, Client, Url, redirect};
use std::error::Error;
use std::path::Path;
use std::time::Duration;

/// A gateway that does not even take the connection in this time is not there.
const CONNECT: Duration = Duration::from_secs(10);

/// A client for one address. `ca` names the authorities to trust instead of the system's.
pub(crate) fn client(url: &Url, ca: Option<&Path>) -> anyhow::Result<Client> {
    // Somebody else in this process may have installed it; it is the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(concat!("nhip/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT);
    if let Some(file) = ca {
        builder = builder.tls_certs_only(authorities(file)?);
    } else if url.scheme() == "http" {
        // Nothing to verify: a machine without authorities must not be in the way.
        builder = builder.tls_certs_only([]);
    }
    let hint = "install the system's CA certificates, or name a PEM file with `--ca FILE`";
    builder
        .build()
        .map_err(|error| Failure::new("the HTTP client cannot be made").because(deepest(&error)).hint(hint).into())
}

/// A client for addresses without TLS: everything on this machine.
pub(crate) fn plain() -> anyhow::Result<Client> {
    client(&Url::parse("http://localhost/")?, None)
}

fn authorities(file: &Path) -> anyhow::Result<Vec<Certificate>> {
    let shown = file.display();
    let pem = std::fs::read(file).map_err(|error| Failure::new(format!("`{shown}` cannot be read")).because(error))?;
    let found = Certificate::from_pem_bundle(&pem)
        .map_err(|error| Failure::new(format!("`{shown}` holds no certificates")).because(deepest(&error)))?;
    if found.is_empty() {
        let hint = "it must have a `-----BEGIN CERTIFICATE-----` section";
        return Err(Failure::new(format!("`{shown}` holds no certificates")).hint(hint).into());
    }
    Ok(found)
}

/// What lies at the bottom of an error: the layers above only repeat that something failed.
pub(crate) fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
