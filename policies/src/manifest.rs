//! `adapter.toml`: what a vendor says about an adapter, and what it needs from an operator, with the reason of each need.
//!
//! ```toml
//! name = "population"
//! version = "1.0.0"
//! description = "Finds and verifies citizens in the national population database."
//! contracts = ["lgsp:population/register@1.0.0"]
//!
//! [needs.endpoints.population-db]
//! why = "the SOAP service of the population database"
//! methods = ["POST"]                    # optional, as are paths, headers and secrets
//! paths = ["/tracuu"]
//! [needs.config."unit-code"]
//! why = "the unit that asks, on every request"
//! required = false                      # `true` where absent
//! [needs.key-value]
//! why = "remembers the last page of a list"
//! quota = "64 KiB"
//! [[needs.files]]
//! guest = "/in"
//! mode = "read"
//! why = "the daily export"
//! [needs.limits]                        # a suggestion
//! memory = "32 MiB"
//! cpu = "50 ms"
//! ```
//!
//! A manifest grants nothing. Its text is a stranger's and is shown to operators, so it may hold nothing that plays tricks with a
//! terminal. Invariant: every need has its reason.

use std::collections::BTreeMap;
use std::time::Duration;

use semver::Version;

use crate::contract_ref::ContractRef;
use crate::endpoint::placeholder_name;
use crate::files::{FileMode, guest_folder};
use crate::header::{HeaderName, Method};
use crate::key_value::KeyValueGrant;
use crate::limits::Limits;
use crate::mistakes::{Invalid, Mistakes};
use crate::names::{AdapterName, kebab, quoted};
use crate::path_rule::PathRule;
use crate::policy::config_key;
use crate::reader::{Table, parse_file};

/// What a vendor ships beside the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The adapter.
    pub name: AdapterName,
    /// The version of the component.
    pub version: Version,
    /// What the adapter does, in one line for the operator.
    pub description: String,
    /// The contracts it exports, sorted.
    pub contracts: Vec<ContractRef>,
    /// What it needs.
    pub needs: Needs,
}

/// What an adapter needs from an operator.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Upstream systems, by the name the adapter asks for.
    pub endpoints: BTreeMap<String, EndpointNeed>,
    /// Configuration, by key.
    pub config: BTreeMap<String, ConfigNeed>,
    /// A durable store.
    pub key_value: Option<KeyValueNeed>,
    /// Folders.
    pub files: Vec<FileNeed>,
    /// Limits that suit the adapter.
    pub limits: LimitsNeed,
}

/// An upstream system; a list left out says nothing about what is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointNeed {
    /// What for.
    pub why: String,
    /// The methods it uses, sorted.
    pub methods: Vec<Method>,
    /// The paths it asks for, sorted.
    pub paths: Vec<PathRule>,
    /// The headers it sets, sorted.
    pub headers: Vec<HeaderName>,
    /// The placeholders it writes, sorted.
    pub secrets: Vec<String>,
}

/// A configuration value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigNeed {
    /// What for.
    pub why: String,
    /// Whether the adapter cannot work without it.
    pub required: bool,
}

/// A durable store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValueNeed {
    /// What for.
    pub why: String,
    /// Bytes that suit the adapter.
    pub quota: Option<u64>,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNeed {
    /// The folder as the adapter sees it.
    pub guest: String,
    /// What it does there.
    pub mode: FileMode,
    /// What for.
    pub why: String,
}

/// Limits that suit the adapter; a suggestion.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LimitsNeed {
    /// Bytes.
    pub memory: Option<u64>,
    /// Time in the guest.
    pub cpu: Option<Duration>,
}

impl Manifest {
    /// Parses a manifest. Either it has no mistake, or all of them are told.
    pub fn parse(text: &str) -> Result<Self, Mistakes> {
        parse_file(text, Self::read)
    }

    fn read(root: &Table<'_>) -> Option<Self> {
        let name = root.required("name", "write `name = \"population\"`").and_then(|node| node.parse(str::parse));
        let version = root.required("version", "write `version = \"1.0.0\"`").and_then(|node| node.parse(version));
        let description = read_line(root, "description", "say in one line what the adapter does");
        let hint = "list what the component exports: `[\"lgsp:population/register@1.0.0\"]`";
        let contracts = root.required("contracts", hint).map(|node| (node.set(str::parse), node));
        if let Some((_, node)) = contracts.as_ref().filter(|(list, _)| list.is_empty()) {
            node.wrong(Invalid::new("names no contract", hint));
        }
        let needs = root.table("needs").map(|table| {
            let needs = Needs::read(&table);
            table.finish();
            needs
        });
        Some(Self {
            name: name?,
            version: version?,
            description: description?,
            contracts: contracts?.0,
            needs: needs.unwrap_or_default(),
        })
    }
}

impl Needs {
    fn read(table: &Table<'_>) -> Self {
        Self {
            endpoints: read_each(table, "endpoints", kebab, EndpointNeed::read),
            config: read_each(table, "config", config_key, ConfigNeed::read),
            key_value: read_section(table, "key-value", KeyValueNeed::read),
            files: read_files(table),
            limits: read_section(table, "limits", |table| Some(LimitsNeed::read(table))).unwrap_or_default(),
        }
    }
}

impl EndpointNeed {
    fn read(table: &Table<'_>) -> Option<Self> {
        let why = read_why(table);
        let secret = |name: &str| placeholder_name(name).map(|()| name.to_owned());
        let need = Self {
            methods: table.get("methods").map(|node| node.set(str::parse)).unwrap_or_default(),
            paths: table.get("paths").map(|node| node.set(str::parse)).unwrap_or_default(),
            headers: table.get("headers").map(|node| node.set(str::parse)).unwrap_or_default(),
            secrets: table.get("secrets").map(|node| node.set(secret)).unwrap_or_default(),
            why: why?,
        };
        Some(need)
    }
}

impl ConfigNeed {
    fn read(table: &Table<'_>) -> Option<Self> {
        let why = read_why(table);
        let required = table.get("required").and_then(|node| node.boolean()).unwrap_or(true);
        Some(Self { why: why?, required })
    }
}

impl KeyValueNeed {
    fn read(table: &Table<'_>) -> Option<Self> {
        let why = read_why(table);
        let quota = table.optional_size("quota", &KeyValueGrant::QUOTA);
        Some(Self { why: why?, quota })
    }
}

impl LimitsNeed {
    fn read(table: &Table<'_>) -> Self {
        let (memory, cpu) = Limits::suggestible();
        Self { memory: table.optional_size("memory", &memory), cpu: table.optional_duration("cpu", &cpu) }
    }
}

fn read_files(table: &Table<'_>) -> Vec<FileNeed> {
    let mut needs: Vec<FileNeed> = Vec::new();
    for node in table.get("files").and_then(|node| node.list()).unwrap_or_default() {
        let Some(table) = node.table() else {
            continue;
        };
        let guest_node = table.required("guest", "write the path under which the adapter looks, such as `/in`");
        let guest = guest_node.as_ref().and_then(|node| node.parse(guest_folder));
        let mode = FileMode::read(&table);
        let why = read_why(&table);
        table.finish();
        let (Some(guest_node), Some(guest), Some(mode), Some(why)) = (guest_node, guest, mode, why) else {
            continue;
        };
        if needs.iter().any(|other| other.guest == guest) {
            guest_node.wrong(Invalid::new(format!("`{guest}` is needed already"), "keep one of them"));
        }
        needs.push(FileNeed { guest, mode, why });
    }
    needs
}

/// A section that may be absent.
fn read_section<T>(table: &Table<'_>, key: &'static str, read: impl FnOnce(&Table<'_>) -> Option<T>) -> Option<T> {
    let section = table.table(key)?;
    let value = read(&section);
    section.finish();
    value
}

/// A table of sections under names of the vendor's.
fn read_each<T, C>(
    table: &Table<'_>,
    key: &'static str,
    check: impl Fn(&str) -> Result<C, Invalid>,
    read: impl Fn(&Table<'_>) -> Option<T>,
) -> BTreeMap<String, T> {
    let mut all = BTreeMap::new();
    let Some(sections) = table.table(key) else {
        return all;
    };
    for (name, node) in sections.entries() {
        if let Err(invalid) = check(name) {
            node.wrong_key(invalid);
        }
        let Some(section) = node.table() else {
            continue;
        };
        all.extend(read(&section).map(|need| (name.to_owned(), need)));
        section.finish();
    }
    all
}

fn read_why(table: &Table<'_>) -> Option<String> {
    read_line(table, "why", "tell the operator in one line what it is needed for")
}

fn read_line(table: &Table<'_>, key: &'static str, hint: &str) -> Option<String> {
    table.required(key, hint)?.parse(|text| {
        // Control characters and the marks that turn the direction of writing could make a terminal show something else.
        let trick = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if text.trim().is_empty() || text.chars().count() > 500 || text.chars().any(trick) {
            return Err(Invalid::new("is empty, longer than 500 characters or not one line of plain text", hint));
        }
        Ok(text.to_owned())
    })
}

fn version(text: &str) -> Result<Version, Invalid> {
    let hint = "write three numbers (semver), such as `1.0.0`";
    Version::parse(text).map_err(|_| Invalid::new(format!("{} is not a version", quoted(text)), hint))
}
