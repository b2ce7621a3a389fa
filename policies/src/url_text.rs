//! URLs as an operator writes them: plain `http` or `https`, without secrets, in their one normal spelling.
//!
//! Invariant: a URL that is accepted has no user, query or fragment, its path has one meaning only, and it is written the way it will
//! be used, so that what stands in the policy is what is called.

use std::net::IpAddr;

use url::{Host, Url};

use crate::mistakes::Invalid;
use crate::names::quoted;
use crate::path_rule::check_path;
use crate::reader::Node;

/// Reads the URL below which an endpoint's paths lie; a slash at its end means nothing and is dropped.
pub(crate) fn read_base(node: &Node<'_>) -> Option<Url> {
    let mut url = read(node)?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Some(url)
}

/// Reads the URL of one resource. Gives what could be understood, so that it can be looked at further; what is wrong is reported.
pub(crate) fn read(node: &Node<'_>) -> Option<Url> {
    let text = node.text()?;
    let Ok(url) = Url::parse(text) else {
        // The text is not repeated: it may hold a password.
        node.wrong(Invalid::new(
            "is not a URL",
            "write scheme, host and path, such as \"https://api.example.vn/dancu/1.0\"",
        ));
        return None;
    };
    let faults = faults(&url);
    if faults.is_empty() && url.as_str().trim_end_matches('/') != text.trim_end_matches('/') {
        node.wrong(Invalid::new("is not in its normal spelling", format!("write \"{url}\"")));
    }
    faults.into_iter().for_each(|fault| node.wrong(fault));
    url.has_host().then_some(url)
}

fn faults(url: &Url) -> Vec<Invalid> {
    let mut faults = Vec::new();
    if !matches!(url.scheme(), "http" | "https") {
        // Nothing else about it can be judged.
        return vec![Invalid::new(
            format!("the scheme {} is not served", quoted(url.scheme())),
            "use `https` or `http`",
        )];
    }
    if !url.username().is_empty() || url.password().is_some() {
        faults.push(Invalid::new("has a user or a password", "take it out and use `credential = { basic = … }`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        faults.push(Invalid::new("has a query or a fragment", "keep scheme, host and path; the adapter adds a query"));
    }
    if let Err(reason) = check_path(url.path()) {
        faults.push(Invalid::new(format!("the path is not plain: {reason}"), "write the path without detours"));
    }
    faults
}

/// The address in a URL that names its host by address, or by a name that always means this machine (RFC 6761, section 6.3).
pub(crate) fn literal_address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let local = name == "localhost" || name.ends_with(".localhost");
            local.then_some(IpAddr::from([127, 0, 0, 1]))
        }
    }
}
