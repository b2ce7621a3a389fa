//! A policy as a policy file in its one canonical form.
//!
//! Every setting stands there, defaults included, but for the sections of `print/delivery.rs`; user-given names are quoted and sorted, lists that are sets are sorted, sizes and
//! durations have their largest unit. Invariant: two policies of the same meaning print the same text, and the text parses to the same
//! policy, so nothing a policy says can be missing from it. The text is pinned by a test: digests on record depend on every byte of it.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::Value;

use crate::callers::Callers;
use crate::credential::{ClientCertificate, Credential};
use crate::endpoint::Endpoint;
use crate::files::FileGrant;
use crate::key_value::KeyValueGrant;
use crate::limits::Limits;
use crate::logging::LogGrant;
use crate::policy::Policy;
use crate::smoke::Smoke;
use crate::timeouts::Timeouts;
use crate::tls::Tls;
use crate::units::{show_duration, show_size};

mod delivery;

impl Policy {
    /// The policy in its canonical form, a policy file that says everything.
    pub fn to_toml(&self) -> String {
        // Destructured, here and below, so that a new setting cannot be forgotten.
        let Self {
            adapter,
            services,
            limits,
            endpoints,
            config,
            key_value,
            files,
            callers,
            logging,
            smoke,
            sandbox,
            record,
            delivery,
            schedules,
            imports,
        } = self;
        let mut page = Page::default();
        page.text("adapter", adapter);
        page.map("services", services);
        page.limits(limits);
        for endpoint in endpoints.values() {
            page.endpoint(endpoint);
        }
        page.map("config", config);
        if let Some(grant) = key_value {
            page.key_value(grant);
        }
        page.callers(callers);
        let LogGrant { level } = logging;
        page.section("[logging]");
        page.text("level", level.as_str());
        for grant in files {
            page.file(grant);
        }
        for call in smoke {
            page.smoke(call);
        }
        page.sandbox(*sandbox);
        page.record(*record);
        page.delivery(delivery);
        for (name, schedule) in schedules {
            page.schedule(name, schedule);
        }
        page.imports(imports);
        page.0
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn section(&mut self, header: &str) {
        self.0.push('\n');
        self.0.push_str(header);
        self.0.push('\n');
    }

    /// A value that is TOML as it stands.
    fn raw(&mut self, key: &str, value: impl Display) {
        self.0.push_str(&format!("{key} = {value}\n"));
    }

    fn text(&mut self, key: &str, value: impl Display) {
        self.raw(key, quote(value));
    }

    fn list<T: Display>(&mut self, key: &str, items: impl IntoIterator<Item = T>) {
        self.raw(key, list(items));
    }

    /// A table of the writer's own keys; an empty one says nothing.
    fn map<K: Display, V: Display>(&mut self, name: &str, entries: &BTreeMap<K, V>) {
        if entries.is_empty() {
            return;
        }
        self.section(&format!("[{name}]"));
        for (key, value) in entries {
            self.text(&quote(key), value);
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits {
            memory,
            cpu,
            deadline,
            concurrency,
            request,
            response,
            upstream_request,
            upstream_response,
            upstream_calls,
            log,
        } = limits;
        self.section("[limits]");
        self.text("memory", show_size(*memory));
        self.text("cpu", show_duration(*cpu));
        self.text("deadline", show_duration(*deadline));
        self.raw("concurrency", concurrency);
        self.text("request", show_size(*request));
        self.text("response", show_size(*response));
        self.text("upstream-request", show_size(*upstream_request));
        self.text("upstream-response", show_size(*upstream_response));
        self.raw("upstream-calls", upstream_calls);
        self.text("log", show_size(*log));
    }

    fn endpoint(&mut self, endpoint: &Endpoint) {
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
        let name = quote(name);
        self.section(&format!("[endpoints.{name}]"));
        self.text("url", url);
        self.list("methods", methods);
        self.list("paths", paths);
        self.list("headers", headers);
        if let Some(credential) = credential {
            self.raw("credential", inline_credential(credential));
        }
        self.raw("private-network", private_network);
        self.raw("concurrency", concurrency);
        self.section(&format!("[endpoints.{name}.tls]"));
        self.tls(tls);
        let Timeouts { connect, total } = timeouts;
        self.section(&format!("[endpoints.{name}.timeouts]"));
        self.text("connect", show_duration(*connect));
        self.text("total", show_duration(*total));
        self.map(&format!("endpoints.{name}.secrets"), secrets);
    }

    fn tls(&mut self, tls: &Tls) {
        let Tls { ca, client_certificate, min_version } = tls;
        if let Some(ca) = ca {
            self.text("ca", ca.display());
        }
        if let Some(ClientCertificate { cert, key }) = client_certificate {
            let fields = [("cert", quote(cert)), ("key", quote(key))];
            self.raw("client-certificate", inline(&fields));
        }
        self.text("min-version", min_version.as_str());
    }

    fn key_value(&mut self, grant: &KeyValueGrant) {
        let KeyValueGrant { quota, keys, value } = grant;
        self.section("[key-value]");
        self.text("quota", show_size(*quota));
        self.raw("keys", keys);
        self.text("value", show_size(*value));
    }

    fn callers(&mut self, callers: &Callers) {
        let Callers { any_authenticated, allow, only, purposes, require_purpose } = callers;
        self.section("[callers]");
        self.raw("any-authenticated", any_authenticated);
        self.list("allow", allow);
        self.list("purposes", purposes);
        self.raw("require-purpose", require_purpose);
        if !only.is_empty() {
            self.section("[callers.only]");
        }
        for (caller, functions) in only {
            self.list(&quote(caller), functions);
        }
    }

    fn file(&mut self, grant: &FileGrant) {
        let FileGrant { host, guest, mode } = grant;
        self.section("[[files]]");
        self.text("host", host.display());
        self.text("guest", guest);
        self.text("mode", mode.as_str());
    }

    fn smoke(&mut self, call: &Smoke) {
        let Smoke { service, function, body, purpose, expect } = call;
        self.section("[[smoke]]");
        self.text("service", service);
        self.text("function", function);
        self.text("body", sorted_object(body));
        if let Some(purpose) = purpose {
            self.text("purpose", purpose);
        }
        self.text("expect", expect.as_str());
    }
}

fn inline_credential(credential: &Credential) -> String {
    let (kind, fields) = match credential {
        Credential::Header { name, value } => ("header", vec![("name", quote(name)), ("value", quote(value))]),
        Credential::Basic { username, password } => {
            ("basic", vec![("username", quote(username)), ("password", quote(password))])
        }
        Credential::Bearer { token } => ("bearer", vec![("token", quote(token))]),
        Credential::OAuth2 { token_url, client_id, client_secret, scope, authentication } => {
            let mut fields = vec![
                ("token-url", quote(token_url)),
                ("client-id", quote(client_id)),
                ("client-secret", quote(client_secret)),
            ];
            fields.extend(scope.as_ref().map(|scope| ("scope", quote(scope))));
            fields.push(("authentication", quote(authentication.as_str())));
            ("oauth2", fields)
        }
        Credential::Vxp { system_id, secret, sign } => {
            ("vxp-signature", vec![("system-id", quote(system_id)), ("secret", quote(secret)), ("sign", list(sign))])
        }
    };
    inline(&[(kind, inline(&fields))])
}

/// An inline table of values that are TOML already.
fn inline(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", fields.join(", "))
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(quote).collect();
    format!("[{}]", items.join(", "))
}

/// A TOML basic string with no escapes but those it needs, so that no library's taste is in the digest.
fn quote(text: impl Display) -> String {
    let mut quoted = String::from("\"");
    for c in text.to_string().chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_ascii_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// JSON with the members of every object sorted, whichever order the map of this build keeps.
pub(crate) fn sorted_object(body: &serde_json::Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = body.iter().collect();
    let members: Vec<String> = sorted
        .into_iter()
        .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), sorted_json(value)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn sorted_json(value: &Value) -> String {
    match value {
        Value::Object(body) => sorted_object(body),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(sorted_json).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}
