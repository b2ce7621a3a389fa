//! One policy file: everything one adapter may touch, and everybody who may call it.
//!
//! This struct is the table of contents of the grammar; each part is read by the file of its name. Invariant: a policy that was parsed
//! has no mistake in it; what it does not say is denied or has a safe default.

use std::collections::{BTreeMap, BTreeSet};

use crate::callers::Callers;
use crate::contract_ref::ContractRef;
use crate::delivery::Delivery;
use crate::denial::{Denial, DenialCode};
use crate::endpoint::{self, Endpoint};
use crate::files::{self, FileGrant};
use crate::imports::{self, Import};
use crate::key_value::KeyValueGrant;
use crate::limits::Limits;
use crate::logging::LogGrant;
use crate::mistakes::{Invalid, Mistakes};
use crate::names::{AdapterName, ScheduleName, ServiceName, quoted};
use crate::reader::{Table, parse_file};
use crate::record::RecordMode;
use crate::report::cure_unknown;
use crate::sandbox::Sandbox;
use crate::schedule::{self, Schedule};
use crate::smoke::{self, Smoke};

/// The effective policy of one adapter, defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The adapter it is for.
    pub adapter: AdapterName,
    /// What is served to callers, by public name.
    pub services: BTreeMap<ServiceName, ContractRef>,
    /// What may be used up.
    pub limits: Limits,
    /// The upstream systems, by the name the adapter knows.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// What `wasi:config` answers.
    pub config: BTreeMap<String, String>,
    /// The durable store, if there is one.
    pub key_value: Option<KeyValueGrant>,
    /// The folders, sorted by the guest's names.
    pub files: Vec<FileGrant>,
    /// Who may call.
    pub callers: Callers,
    /// What of the adapter's log is kept.
    pub logging: LogGrant,
    /// The calls a new version must pass before it goes live, in this order.
    pub smoke: Vec<Smoke>,
    /// How many exchanges a sandbox serves.
    pub sandbox: Sandbox,
    /// Whether an answer waits for its record.
    pub record: RecordMode,
    /// How what was accepted to be done later is tried.
    pub delivery: Delivery,
    /// What is called by the clock.
    pub schedules: BTreeMap<ScheduleName, Schedule>,
    /// Who serves the contracts that the adapter imports.
    pub imports: BTreeMap<ContractRef, Import>,
}

impl Policy {
    /// Parses a policy file. Either it has no mistake, or all of them are told.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        parse_file(text, Self::read)
    }

    /// The endpoint an adapter asks for by name.
    pub fn endpoint(&self, name: &str) -> Result<&Endpoint, Denial> {
        self.endpoints.get(name).ok_or_else(|| {
            Denial::new(
                DenialCode::EndpointNotGranted,
                format!("adapter `{}` is not granted an endpoint {}", self.adapter, quoted(name)),
                "add a section `[endpoints.NAME]` of that name to the policy",
            )
        })
    }

    fn read(root: &Table<'_>) -> Option<Self> {
        let adapter = root.required("adapter", "write `adapter = \"name\"`").and_then(|node| node.parse(str::parse));
        let (services, names) = read_services(root);
        let limits = Limits::read(root);
        let policy = Self {
            endpoints: endpoint::read_all(root, &limits),
            config: read_config(root),
            key_value: KeyValueGrant::read(root),
            files: files::read_all(root),
            callers: Callers::read(root, &names),
            logging: LogGrant::read(root),
            smoke: smoke::read_all(root, &names),
            sandbox: Sandbox::read(root),
            record: RecordMode::read(root),
            delivery: Delivery::read(root, &names),
            schedules: schedule::read_all(root, &names),
            imports: imports::read_all(root, &names),
            adapter: adapter?,
            services,
            limits,
        };
        Some(policy)
    }
}

/// Reads `[services]`; also gives every name in it, even where its contract is wrong, so that one mistake is told once.
fn read_services(root: &Table<'_>) -> (BTreeMap<ServiceName, ContractRef>, BTreeSet<ServiceName>) {
    let (mut services, mut names) = (BTreeMap::new(), BTreeSet::new());
    let hint = "add a line `name = \"namespace:package/interface@version\"`";
    let Some(table) = root.required("services", hint).and_then(|node| node.table()) else {
        return (services, names);
    };
    for (name, node) in table.entries() {
        let contract = node.parse(str::parse);
        match name.parse::<ServiceName>() {
            Err(invalid) => node.wrong_key(invalid),
            Ok(name) => {
                names.insert(name.clone());
                services.extend(contract.map(|contract| (name, contract)));
            }
        }
    }
    if table.entries().next().is_none() {
        table.wrong(Invalid::new("is empty, so nothing would be served", hint));
    }
    (services, names)
}

/// Checks that a service is one of the policy's own. Where the policy names none, that alone is the mistake.
pub(crate) fn check_served(service: &ServiceName, names: &BTreeSet<ServiceName>) -> Result<(), Invalid> {
    if names.is_empty() || names.contains(service) {
        return Ok(());
    }
    let words: Vec<&str> = names.iter().map(ServiceName::as_str).collect();
    Err(Invalid::new(format!("service `{service}` is not served by this policy"), cure_unknown(service, &words)))
}

fn read_config(root: &Table<'_>) -> BTreeMap<String, String> {
    let mut config = BTreeMap::new();
    let Some(table) = root.table("config") else {
        return config;
    };
    for (key, node) in table.entries() {
        if let Err(invalid) = config_key(key) {
            node.wrong_key(invalid);
        }
        if let Some(value) = node.parse(config_value) {
            config.insert(key.to_owned(), value);
        }
    }
    config
}

/// Checks the key of a configuration value.
pub(crate) fn config_key(key: &str) -> Result<(), Invalid> {
    if (1..=128).contains(&key.len()) && !key.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Invalid::bare(format!("{} is not a key: it is empty, long or has control characters", quoted(key))))
}

/// A value is given to the guest as it stands, so what looks like the place of a secret is a misunderstanding.
fn config_value(text: &str) -> Result<String, Invalid> {
    if text.starts_with("env:") || text.starts_with("file:/") || text.contains("{{secret:") {
        return Err(Invalid::new(
            "is handed to the adapter as it stands, and no secret is put in its place",
            "a secret belongs in `endpoints.NAME.credential` or `endpoints.NAME.secrets`",
        ));
    }
    Ok(text.to_owned())
}
