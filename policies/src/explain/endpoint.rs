//! An endpoint in words. Invariant: as for the whole explanation, a secret is shown as the place where it is.

use super::{Words, joined};
use crate::credential::{ClientAuthentication, ClientCertificate, Credential};
use crate::endpoint::Endpoint;
use crate::header::SAFE_HEADERS;
use crate::limits::Limits;
use crate::timeouts::Timeouts;
use crate::tls::{Tls, TlsVersion};
use crate::units::show_duration;

impl Words {
    pub(super) fn endpoint(&mut self, endpoint: &Endpoint, limits: &Limits) {
        let Endpoint {
            name,
            url,
            methods,
            paths,
            headers,
            credential,
            private_network,
            tls,
            timeouts,
            concurrency,
            secrets,
        } = endpoint;
        self.line(1, format!("`{name}` at {url}"));
        for clear in [Some(url), endpoint.token_url()].into_iter().flatten().filter(|url| url.scheme() == "http") {
            self.line(2, format!("NOT ENCRYPTED: what is sent to {clear} can be read on the way"));
        }
        self.fact(2, "methods", joined(methods), false);
        self.fact(2, "paths below the URL", joined(paths), false);
        let none = headers.is_empty();
        let named = if none { "none".to_owned() } else { joined(headers) };
        self.fact(2, "headers the adapter may set", joined(SAFE_HEADERS), true);
        self.fact(2, "more headers it may set", named, none);
        self.credential(credential.as_ref());
        let inside = if *private_network {
            "may lie in a private network or on this machine"
        } else {
            "must not lie in a private network or on this machine"
        };
        self.fact(2, "address", inside, !private_network);
        self.tls(tls);
        self.timeouts(timeouts, limits);
        self.fact(2, "calls at one time", concurrency, *concurrency == limits.concurrency);
        self.each_secret(secrets.iter().map(|(name, place)| format!("`{{{{secret:{name}}}}}` becomes {place}")));
    }

    fn each_secret(&mut self, secrets: impl ExactSizeIterator<Item = String>) {
        if secrets.len() == 0 {
            self.fact(2, "placeholders in headers and body", "none", true);
        }
        for secret in secrets {
            self.fact(2, "placeholder in headers and body", secret, false);
        }
    }

    fn credential(&mut self, credential: Option<&Credential>) {
        let Some(credential) = credential else {
            self.fact(2, "credential", "none", true);
            return;
        };
        self.fact(2, "credential, placed by the host", in_words(credential), false);
        if let Credential::Vxp { sign, .. } = credential {
            let every = "every `XroadVnpt-` header of the request".to_owned();
            let signed = if sign.is_empty() { every } else { joined(sign) };
            self.fact(3, "signed", signed, sign.is_empty());
            self.line(3, "the adapter may set other `XroadVnpt-` headers by itself");
        }
    }

    fn tls(&mut self, tls: &Tls) {
        let Tls { ca, client_certificate, min_version } = tls;
        let authorities = match ca {
            Some(file) => format!("only those in {}", file.display()),
            None => "those of the system".to_owned(),
        };
        self.fact(2, "certificate authorities", authorities, ca.is_none());
        let own = match client_certificate {
            Some(ClientCertificate { cert, key }) => format!("{cert}, its key {key}"),
            None => "none".to_owned(),
        };
        self.fact(2, "client certificate", own, client_certificate.is_none());
        let oldest = format!("TLS {}", min_version.as_str());
        self.fact(2, "oldest version spoken", oldest, *min_version == TlsVersion::default());
    }

    fn timeouts(&mut self, timeouts: &Timeouts, limits: &Limits) {
        let Timeouts { connect, total } = timeouts;
        let total_usual = *total == Timeouts::defaults(limits, None).total;
        let connect_usual = *connect == Timeouts::defaults(limits, Some(*total)).connect;
        self.fact(2, "time to connect", show_duration(*connect), connect_usual);
        self.fact(2, "time for one call", show_duration(*total), total_usual);
    }
}

fn in_words(credential: &Credential) -> String {
    match credential {
        Credential::Header { name, value } => format!("header `{name}` with {value}"),
        Credential::Basic { username, password } => format!("HTTP Basic, user {username}, password {password}"),
        Credential::Bearer { token } => format!("bearer token {token}"),
        Credential::OAuth2 { token_url, client_id, client_secret, scope, authentication } => {
            let scope = scope.as_ref().map_or("no scope (default)".to_owned(), |scope| format!("scope `{scope}`"));
            let proof = match authentication {
                ClientAuthentication::Basic => "HTTP Basic (default)",
                ClientAuthentication::Form => "the form",
            };
            format!("OAuth2 token from {token_url}, client {client_id}, secret {client_secret} in {proof}, {scope}")
        }
        // What is signed is told on a line of its own.
        Credential::Vxp { system_id, secret, sign: _ } => format!("VXP header signature as {system_id} with {secret}"),
    }
}
