//! What an adapter needs against what an operator grants: every mismatch at once, before anything is live.
//!
//! What the adapter cannot work without refuses the deployment. What it was given and did not ask for is only noted: the operator may
//! know why, but a grant nobody needs is better taken back. Invariant: nothing here changes a grant.

use std::collections::BTreeSet;
use std::fmt::{self, Display};

use serde::Serialize;

use crate::contract_ref::ContractRef;
use crate::endpoint::Endpoint;
use crate::header;
use crate::manifest::{EndpointNeed, Manifest, Needs};
use crate::policy::Policy;
use crate::report::join;
use crate::units::{show_duration, show_size};

/// One difference between a manifest and a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    /// What it means for the deployment.
    pub severity: Severity,
    /// The setting of the policy it concerns, as a TOML key path.
    pub key: String,
    /// What differs.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// What a mismatch means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The adapter must not be deployed like this.
    Refuse,
    /// The operator should know.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refuse => "refused",
            Self::Note => "note",
        })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { severity, key, message, hint } = self;
        write!(f, "{severity} {key}: {message} (hint: {hint})")
    }
}

impl Manifest {
    /// Compares the needs with the grants of a policy; what refuses comes first.
    pub fn compare(&self, policy: &Policy) -> Vec<Mismatch> {
        let Self { name, version: _, description: _, contracts, needs } = self;
        let mut list = List::default();
        if *name != policy.adapter {
            let hint = format!("deploy it with the policy of `{name}`, or write `adapter = \"{name}\"`");
            list.refuse("adapter", format!("the policy is for `{}`, the adapter is `{name}`", policy.adapter), hint);
        }
        list.contracts(contracts, policy);
        let Needs { endpoints, config: _, key_value: _, files: _, limits: _ } = needs;
        for (name, need) in endpoints {
            list.endpoint(name, need, policy.endpoints.get(name));
        }
        for name in policy.endpoints.keys().filter(|name| !endpoints.contains_key(*name)) {
            list.unneeded(&join("endpoints", name), "an endpoint");
        }
        list.config(needs, policy);
        list.key_value(needs, policy);
        list.files(needs, policy);
        list.limits(needs, policy);
        list.0.sort_by_key(|mismatch| mismatch.severity);
        list.0
    }
}

#[derive(Default)]
struct List(Vec<Mismatch>);

impl List {
    fn add(&mut self, severity: Severity, key: &str, message: String, hint: impl Into<String>) {
        self.0.push(Mismatch { severity, key: key.to_owned(), message, hint: hint.into() });
    }

    fn refuse(&mut self, key: &str, message: String, hint: impl Into<String>) {
        self.add(Severity::Refuse, key, message, hint);
    }

    fn unneeded(&mut self, key: &str, what: &str) {
        self.add(Severity::Note, key, format!("{what} is granted that the adapter does not ask for"), "take it out");
    }

    fn contracts(&mut self, exported: &[ContractRef], policy: &Policy) {
        for (service, contract) in policy.services.iter().filter(|(_, contract)| !exported.contains(contract)) {
            let other = exported.iter().find(|other| other.interface == contract.interface);
            let hint = match other.or(exported.first()) {
                Some(own) => format!("the adapter has `{own}`"),
                None => "the adapter has no contract".to_owned(),
            };
            let key = join("services", service);
            self.refuse(&key, format!("the adapter does not have the contract `{contract}`"), hint);
        }
        for contract in exported.iter().filter(|contract| !policy.services.values().any(|served| served == *contract)) {
            let message = format!("the contract `{contract}` of the adapter is not served");
            self.add(
                Severity::Note,
                "services",
                message,
                format!("add `name = \"{contract}\"` if callers shall have it"),
            );
        }
    }

    fn endpoint(&mut self, name: &str, need: &EndpointNeed, grant: Option<&Endpoint>) {
        let EndpointNeed { why, methods, paths, headers, secrets } = need;
        let key = join("endpoints", name);
        let Some(grant) = grant else {
            self.refuse(&key, format!("is needed and not granted: {why}"), format!("add a section `[{key}]`"));
            return;
        };
        let mut lacking = |field: &str, what: &dyn Display| {
            let message = format!("`{what}` is needed and not granted: {why}");
            self.refuse(&format!("{key}.{field}"), message, format!("add it to `{key}.{field}`"));
        };
        for method in methods.iter().filter(|method| !grant.methods.contains(method)) {
            lacking("methods", method);
        }
        for path in paths.iter().filter(|path| !grant.paths.iter().any(|rule| rule.includes(path))) {
            lacking("paths", path);
        }
        for name in headers.iter().filter(|name| !grant.lets_set(name)) {
            lacking("headers", name);
        }
        for secret in secrets.iter().filter(|secret| !grant.secrets.contains_key(*secret)) {
            lacking("secrets", secret);
        }
        self.wider(&key, need, grant);
    }

    /// Notes what is granted beyond a list the vendor gave.
    fn wider(&mut self, key: &str, need: &EndpointNeed, grant: &Endpoint) {
        let mut beyond = |field: &str, what: &dyn Display| {
            self.unneeded(&format!("{key}.{field}"), &format!("`{what}`"));
        };
        if !need.methods.is_empty() {
            grant.methods.iter().filter(|method| !need.methods.contains(method)).for_each(|m| beyond("methods", m));
        }
        if !need.paths.is_empty() {
            let asked = |rule: &_| need.paths.iter().any(|path| path.includes(rule));
            grant.paths.iter().filter(|rule| !asked(rule)).for_each(|rule| beyond("paths", rule));
        }
        grant.headers.iter().filter(|name| !need.headers.contains(name)).for_each(|name| beyond("headers", name));
        grant.secrets.keys().filter(|name| !need.secrets.contains(name)).for_each(|name| beyond("secrets", name));
    }

    fn config(&mut self, needs: &Needs, policy: &Policy) {
        for (name, need) in needs.config.iter().filter(|(name, _)| !policy.config.contains_key(*name)) {
            let key = join("config", name);
            let hint = format!("add `\"{name}\" = \"…\"` to `[config]`");
            if need.required {
                self.refuse(&key, format!("is needed and not set: {}", need.why), hint);
            } else {
                self.add(Severity::Note, &key, format!("may be set and is not: {}", need.why), hint);
            }
        }
        for name in policy.config.keys().filter(|name| !needs.config.contains_key(*name)) {
            self.unneeded(&join("config", name), "a value");
        }
    }

    fn key_value(&mut self, needs: &Needs, policy: &Policy) {
        let key = "key-value";
        match (&needs.key_value, &policy.key_value) {
            (None, None) => {}
            (None, Some(_)) => self.unneeded(key, "a durable store"),
            (Some(need), None) => {
                let quota = need.quota.unwrap_or(crate::KeyValueGrant::QUOTA.default);
                let hint = format!("add a section `[key-value]` with `quota = \"{}\"`", show_size(quota));
                self.refuse(key, format!("is needed and not granted: {}", need.why), hint);
            }
            (Some(need), Some(grant)) => {
                if let Some(quota) = need.quota.filter(|quota| *quota > grant.quota) {
                    let (granted, wanted) = (show_size(grant.quota), show_size(quota));
                    let message = format!("the adapter suggests `{wanted}`, granted is `{granted}`: {}", need.why);
                    self.add(Severity::Note, "key-value.quota", message, format!("write `quota = \"{wanted}\"`"));
                }
            }
        }
    }

    fn files(&mut self, needs: &Needs, policy: &Policy) {
        for need in &needs.files {
            let (guest, mode) = (&need.guest, need.mode.as_str());
            match policy.files.iter().find(|grant| grant.guest == *guest) {
                None => {
                    let hint = format!("add `[[files]]` with a `host`, `guest = \"{guest}\"` and `mode = \"{mode}\"`");
                    self.refuse("files", format!("the folder `{guest}` is needed and not granted: {}", need.why), hint);
                }
                Some(grant) if grant.mode < need.mode => {
                    let message = format!("the folder `{guest}` must be writable and is not: {}", need.why);
                    self.refuse("files", message, "write `mode = \"write\"`");
                }
                Some(grant) if grant.mode > need.mode => {
                    let message = format!("the folder `{guest}` is writable, and the adapter only reads it");
                    self.add(Severity::Note, "files", message, "write `mode = \"read\"`");
                }
                Some(_) => {}
            }
        }
        let needed: BTreeSet<&str> = needs.files.iter().map(|need| need.guest.as_str()).collect();
        for grant in policy.files.iter().filter(|grant| !needed.contains(grant.guest.as_str())) {
            self.unneeded("files", &format!("the folder `{}`", grant.guest));
        }
    }

    fn limits(&mut self, needs: &Needs, policy: &Policy) {
        let mut below = |key: &str, wanted: String, granted: String| {
            let field = key.trim_start_matches("limits.");
            let message = format!("the adapter suggests `{wanted}`, granted is `{granted}`");
            self.add(Severity::Note, key, message, format!("write `{field} = \"{wanted}\"`"));
        };
        if let Some(memory) = needs.limits.memory.filter(|memory| *memory > policy.limits.memory) {
            below("limits.memory", show_size(memory), show_size(policy.limits.memory));
        }
        if let Some(cpu) = needs.limits.cpu.filter(|cpu| *cpu > policy.limits.cpu) {
            below("limits.cpu", show_duration(cpu), show_duration(policy.limits.cpu));
        }
    }
}

impl Endpoint {
    /// Whether a request with this header would pass.
    fn lets_set(&self, name: &str) -> bool {
        let invited = self.credential.as_ref().is_some_and(|credential| credential.invites(name));
        let of_host = header::of_host(name).is_some();
        !of_host && (invited || header::is_safe(name) || self.headers.iter().any(|granted| granted.as_str() == name))
    }
}
