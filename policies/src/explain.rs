//! A policy in plain words, for somebody who has to answer for it.
//!
//! Everything the policy says is told, and what it does not grant is told too. `(default)` marks what is as it would be without a word
//! in the file, whether or not the word is there. Invariant: a secret is shown as the place where it is.

use std::fmt::Display;

use crate::callers::Callers;
use crate::contract_ref::ContractRef;
use crate::files::{FileGrant, FileMode};
use crate::key_value::KeyValueGrant;
use crate::limits::Limits;
use crate::logging::LogGrant;
use crate::names::ServiceName;
use crate::policy::Policy;
use crate::print::sorted_object;
use crate::smoke::{Expect, Smoke};
use crate::units::{show_duration, show_size};

mod delivery;
mod endpoint;
mod schedule;

impl Policy {
    /// The effective policy in words, defaults marked.
    pub fn explain(&self) -> String {
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
        let mut words = Words::default();
        words.line(0, format!("adapter `{adapter}`"));
        words.line(0, format!("policy {}", self.digest_hex()));
        words.services(services.iter());
        words.callers(callers);
        words.limits(limits);
        words.heading("upstream systems");
        words.each(endpoints.values(), "none: the adapter reaches nothing over the network", |words, endpoint| {
            words.endpoint(endpoint, limits);
        });
        words.heading("configuration, readable by the adapter");
        words.each(config, "none", |words, (key, value)| words.fact(1, key, format!("{value:?}"), false));
        words.key_value(key_value.as_ref());
        words.heading("folders");
        words.each(files, "none: the adapter sees no files", Words::file);
        words.logging(logging, limits);
        words.heading("calls a new version must pass before it goes live, in this order");
        words.each(smoke, "none", Words::smoke);
        words.sandbox(*sandbox);
        words.heading("contracts that the adapter calls");
        words.each(imports, "none: it calls no other system through the gateway", |words, (contract, import)| {
            words.import(contract, import);
        });
        words.heading("calls made by the clock");
        words.each(schedules, "none", |words, (name, schedule)| words.schedule(name, schedule));
        words.delivery(delivery);
        words.record(*record);
        words.heading("never granted, whatever a policy says");
        words.line(1, "other endpoints, methods, paths and headers than those above; following a redirect");
        words.line(1, "sockets and name lookup of its own, environment variables, processes, other folders");
        words.line(1, "link-local, multicast, broadcast, unspecified, reserved and cloud-metadata addresses");
        words.line(1, "the value of any secret");
        words.0
    }
}

/// The text as it grows.
#[derive(Default)]
struct Words(String);

impl Words {
    fn line(&mut self, depth: usize, text: impl Display) {
        self.0.push_str(&format!("{:indent$}{text}\n", "", indent = depth * 2));
    }

    fn heading(&mut self, text: &str) {
        self.0.push('\n');
        self.line(0, text);
    }

    /// One setting.
    fn fact(&mut self, depth: usize, name: &str, value: impl Display, default: bool) {
        let mark = if default { " (default)" } else { "" };
        self.line(depth, format!("{name}: {value}{mark}"));
    }

    /// Every item, or the word for none.
    fn each<T>(&mut self, items: impl IntoIterator<Item = T>, none: &str, mut tell: impl FnMut(&mut Self, T)) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            self.line(1, none);
        }
        for item in items {
            tell(self, item);
        }
    }

    fn services<'a>(&mut self, services: impl Iterator<Item = (&'a ServiceName, &'a ContractRef)>) {
        self.heading("services");
        self.each(services, "none", |words, (name, contract)| words.fact(1, name, contract, false));
    }

    fn callers(&mut self, callers: &Callers) {
        let Callers { any_authenticated, allow, only, purposes, require_purpose } = callers;
        self.heading("callers");
        if *any_authenticated {
            self.line(1, "every caller that the gateway knows may call");
        } else if allow.is_empty() {
            self.line(1, "nobody may call (default)");
        } else {
            self.fact(1, "may call", joined(allow), false);
        }
        for (caller, functions) in only {
            let nothing = functions.is_empty().then_some("nothing");
            let functions = nothing.map_or_else(|| joined(functions), str::to_owned);
            self.fact(1, &format!("`{caller}` may call only"), functions, false);
        }
        let any = purposes.is_empty();
        let listed = if any { "any".to_owned() } else { joined(purposes) };
        self.fact(1, "purposes that may be said", listed, any);
        let required = if *require_purpose { "every exchange must say one" } else { "an exchange may say none" };
        self.fact(1, "purpose", required, *require_purpose != any);
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
            // Told with the log.
            log: _,
        } = limits;
        let usual = Limits::defaults(*deadline);
        self.heading("limits of one exchange");
        let mut size = |name, value: u64, usual| self.fact(1, name, show_size(value), value == usual);
        size("memory, over all memories and tables", *memory, usual.memory);
        size("body of the caller", *request, usual.request);
        size("answer to the caller", *response, usual.response);
        size("one body sent to an upstream system", *upstream_request, usual.upstream_request);
        size("one body of an upstream system", *upstream_response, usual.upstream_response);
        let calls_usual = *upstream_calls == usual.upstream_calls;
        self.fact(1, "calls to upstream systems", upstream_calls, calls_usual);
        self.fact(1, "time in the adapter, waiting not counted", show_duration(*cpu), *cpu == usual.cpu);
        let deadline_usual = *deadline == Limits::default().deadline;
        self.fact(1, "time in all, waiting included", show_duration(*deadline), deadline_usual);
        let concurrency_usual = *concurrency == usual.concurrency;
        self.fact(1, "exchanges at one time, all callers together", concurrency, concurrency_usual);
    }

    fn key_value(&mut self, grant: Option<&KeyValueGrant>) {
        self.heading("durable key-value store");
        let Some(grant) = grant else {
            self.line(1, "none");
            return;
        };
        let KeyValueGrant { quota, keys, value } = grant;
        let usual = KeyValueGrant::defaults(*quota);
        let quota_usual = *quota == KeyValueGrant::default().quota;
        self.fact(1, "keys and values in all", show_size(*quota), quota_usual);
        self.fact(1, "number of keys", keys, *keys == usual.keys);
        self.fact(1, "one value", show_size(*value), *value == usual.value);
    }

    fn file(&mut self, grant: &FileGrant) {
        let FileGrant { host, guest, mode } = grant;
        let may = match mode {
            FileMode::Read => "may read",
            FileMode::Write => "may read, create, change and remove",
        };
        self.line(1, format!("{may} what lies below `{}`, which it sees as `{guest}`", host.display()));
    }

    fn logging(&mut self, logging: &LogGrant, limits: &Limits) {
        let LogGrant { level } = logging;
        self.heading("log of the adapter");
        self.fact(1, "least level kept", level.as_str(), *logging == LogGrant::default());
        let log_usual = limits.log == Limits::default().log;
        self.fact(1, "in one exchange", show_size(limits.log), log_usual);
    }

    fn smoke(&mut self, call: &Smoke) {
        let Smoke { service, function, body, purpose, expect } = call;
        let purpose = purpose.as_ref().map(|purpose| format!(" for the purpose `{purpose}`")).unwrap_or_default();
        let outcome = match expect {
            Expect::Ok => "a result",
            Expect::Fault => "a fault of the adapter",
        };
        let body = sorted_object(body);
        self.line(1, format!("`{service}/{function}` with {body}{purpose} must end in {outcome}"));
    }
}

/// A list in words.
fn joined<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(", ")
}
