//! Decides one request of an adapter to an endpoint: method, path, headers, and at the end the address.
//!
//! What passes is a URL made here, from the policy's base and a path that has one meaning only; a guest cannot name a host, a port or a
//! scheme. Invariant: the URL that comes out lies on the endpoint's own origin, below its base, under one of the granted paths, and
//! its path is spelled as every URL library writes it, so that the rules were asked about what is called.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::address::classify;
use crate::denial::{Denial, DenialCode};
use crate::endpoint::Endpoint;
use crate::header;
use crate::names::quoted;
use crate::path_rule::{check_path, check_query};

/// Longest path with its query, in bytes: what servers commonly take.
const LONGEST: usize = 8 * 1024;

impl Endpoint {
    /// Decides a request. `path_and_query` is what the guest wrote, `/tracuu?x=1`; `headers` are the names it set, in any case.
    /// Gives the URL to call.
    pub fn decide<H: AsRef<str>>(
        &self,
        method: &str,
        path_and_query: &str,
        headers: impl IntoIterator<Item = H>,
    ) -> Result<String, Denial> {
        self.decide_method(method)?;
        let url = self.decide_path(path_and_query)?;
        for name in headers {
            self.decide_header(name.as_ref())?;
        }
        Ok(url)
    }

    /// Decides an address the endpoint's name resolved to. To be asked for each address that is connected to, at each connection.
    pub fn address_allowed(&self, address: IpAddr) -> Result<(), Denial> {
        let class = classify(address);
        class
            .decide(address, self.private_network)
            .map_err(|denial| Denial { reason: format!("endpoint `{}`: {}", self.name, denial.reason), ..denial })
    }

    fn decide_method(&self, method: &str) -> Result<(), Denial> {
        if self.methods.iter().any(|granted| granted.as_str() == method) {
            return Ok(());
        }
        Err(Denial::new(
            DenialCode::MethodNotGranted,
            format!("endpoint `{}` is not granted with the method {}", self.name, quoted(method)),
            format!("add it to `endpoints.{}.methods`", self.name),
        ))
    }

    fn decide_path(&self, path_and_query: &str) -> Result<String, Denial> {
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path_and_query, None),
        };
        self.check_one_meaning(path_and_query, path, query)?;
        if !self.paths.iter().any(|rule| rule.covers(path)) {
            return Err(Denial::new(
                DenialCode::PathNotGranted,
                format!("endpoint `{}` is not granted with the path {}", self.name, quoted(path)),
                format!("add it to `endpoints.{}.paths`", self.name),
            ));
        }
        // The base has neither query nor fragment, and the path begins with the slash that the base ends with, if it does.
        let base = self.url.as_str().trim_end_matches('/');
        Ok([base, path_and_query].concat())
    }

    fn check_one_meaning(&self, text: &str, path: &str, query: Option<&str>) -> Result<(), Denial> {
        if text.len() > LONGEST {
            return Err(self.ambiguous(path, &format!("it is longer than {LONGEST} bytes")));
        }
        check_path(path).map_err(|reason| self.ambiguous(path, &reason))?;
        check_query(query.unwrap_or_default()).map_err(|reason| {
            // What a query says may be personal, so it is not repeated.
            self.ambiguous(path, &format!("the query is malformed: {reason}"))
        })
    }

    fn ambiguous(&self, path: &str, reason: &str) -> Denial {
        Denial::new(
            DenialCode::PathAmbiguous,
            format!("endpoint `{}` refuses the path {}: {reason}", self.name, quoted(path)),
            "the adapter must write the path in its plain form (RFC 3986, section 6.2.2)",
        )
    }

    fn decide_header(&self, name: &str) -> Result<(), Denial> {
        let lower = match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        };
        let lower = &*lower;
        let of_host = header::of_host(lower).or_else(|| {
            let own = self.credential.as_ref().is_some_and(|credential| credential.writes(lower));
            own.then_some("it carries the credential")
        });
        if let Some(why) = of_host {
            return Err(Denial::new(
                DenialCode::HeaderOfHost,
                format!("endpoint `{}`: the header {} is the host's: {why}", self.name, quoted(name)),
                "the adapter must leave it out",
            ));
        }
        let invited = self.credential.as_ref().is_some_and(|credential| credential.invites(lower));
        if invited || header::is_safe(lower) || self.headers.iter().any(|granted| granted.as_str() == lower) {
            return Ok(());
        }
        Err(Denial::new(
            DenialCode::HeaderNotGranted,
            format!("endpoint `{}` is not granted with the header {}", self.name, quoted(name)),
            format!("add it to `endpoints.{}.headers`", self.name),
        ))
    }
}
