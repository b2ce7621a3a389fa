//! Doc comments of WIT, carried inside a component.
//!
//! The binary format of components has no place for doc comments. WIT packages that are encoded as binaries carry
//! them in a custom section `package-docs`; the tools that make a *component* drop that section. So that an operator
//! and a caller still read what the vendor wrote, a component for Nhịp carries one custom section per package, named
//! `package-docs:` and the package, e.g. `package-docs:lgsp:population@1.0.0`, with the same content as the section of
//! WIT packages: one byte of version (1), then JSON. The name is our own; the content is the format of `wit-parser`.
//! The section may stand in the component or in a core module inside it. It is read, and never trusted for more than text.
//!
//! Invariant: docs only ever describe; no shape, name or decision depends on them, and a component without them is served alike.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wasm_encoder::ComponentSection as _;
use wit_parser::{SourceMap, TypeDefKind, UnresolvedPackage};

use crate::surface::{Surface, SurfaceError};

/// The start of the name of every section with docs.
pub const SECTION_PREFIX: &str = "package-docs:";

/// The version byte before the JSON.
const VERSION: u8 = 1;

/// The most bytes of docs read from one component.
const MAX_BYTES: usize = 4 << 20;

/// Doc comments of WIT packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WitDocs {
    /// By the name of the package, e.g. `lgsp:types@1.0.0`.
    packages: BTreeMap<String, PackageDocs>,
    bytes: usize,
}

/// Why docs cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocsError {
    /// The WIT text is not well formed. The message of the parser names file, line and column.
    #[error("the WIT cannot be parsed: {0}")]
    Wit(String),
    /// The section is not docs.
    #[error("the custom section `{section}` does not hold docs: {reason}")]
    Section {
        /// Its name.
        section: String,
        /// What is wrong.
        reason: String,
    },
    /// The sections hold more than anybody would read.
    #[error("the custom sections `{SECTION_PREFIX}…` hold more than {MAX_BYTES} bytes")]
    TooLarge,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct PackageDocs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    interfaces: BTreeMap<String, InterfaceDocs>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct InterfaceDocs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    funcs: BTreeMap<String, ItemDocs>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    types: BTreeMap<String, ItemDocs>,
}

/// The docs of a function or a type. Of a type, `items` are its members, cases or flags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ItemDocs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    items: BTreeMap<String, String>,
}

impl WitDocs {
    /// The docs of one WIT package and of packages nested in it, from the text of its files: `(path, text)`. The
    /// paths are only for messages. Dependencies need not be given: nothing is resolved.
    ///
    /// # Errors
    /// The text is not WIT.
    pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, DocsError> {
        let mut sources = SourceMap::default();
        for (path, text) in files {
            sources.push(path.as_ref(), text);
        }
        let group = sources.parse().map_err(|(sources, error)| DocsError::Wit(error.render(&sources)))?;
        let mut docs = Self::default();
        for package in std::iter::once(&group.main).chain(&group.nested) {
            docs.packages.insert(package.name.to_string(), PackageDocs::of(package));
        }
        Ok(docs)
    }

    /// Takes over the packages of `other`; of a package that both have, the docs of `other` stay.
    pub fn merge(&mut self, other: Self) {
        self.packages.extend(other.packages);
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// `component` with the docs of those packages whose types or functions its contracts use. Docs of the same
    /// package that it carried before no longer count. Gives the same bytes if there are none.
    ///
    /// # Errors
    /// `component` is not a readable component.
    pub fn embed(&self, component: &[u8]) -> Result<Vec<u8>, SurfaceError> {
        let used = packages_of(&Surface::read(component)?);
        let mut out = component.to_vec();
        for (name, docs) in self.packages.iter().filter(|(name, _)| used.contains(name.as_str())) {
            let mut data = vec![VERSION];
            serde_json::to_writer(&mut data, docs).map_err(|error| SurfaceError::Invalid(error.to_string()))?;
            let section =
                wasm_encoder::CustomSection { name: format!("{SECTION_PREFIX}{name}").into(), data: data.into() };
            section.append_to_component(&mut out);
        }
        Ok(out)
    }

    /// Takes in one custom section, if it is one with docs.
    pub(crate) fn read_section(&mut self, name: &str, data: &[u8]) -> Result<(), DocsError> {
        let Some(package) = name.strip_prefix(SECTION_PREFIX) else {
            return Ok(());
        };
        self.bytes = self.bytes.saturating_add(data.len());
        if self.bytes > MAX_BYTES {
            return Err(DocsError::TooLarge);
        }
        let wrong = |reason: String| DocsError::Section { section: name.to_owned(), reason };
        let json = match data.split_first() {
            Some((&VERSION, json)) => json,
            Some((other, _)) => return Err(wrong(format!("it has version {other}, not {VERSION}"))),
            None => return Err(wrong("it is empty".to_owned())),
        };
        let docs: PackageDocs = serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        self.packages.insert(package.to_owned(), docs);
        Ok(())
    }

    pub(crate) fn of_interface(&self, interface: &str) -> Option<&str> {
        self.interface(interface)?.docs.as_deref()
    }

    pub(crate) fn of_function(&self, interface: &str, function: &str) -> Option<&str> {
        self.interface(interface)?.funcs.get(function)?.docs.as_deref()
    }

    pub(crate) fn of_type(&self, interface: &str, name: &str) -> Option<&str> {
        self.interface(interface)?.types.get(name)?.docs.as_deref()
    }

    pub(crate) fn of_item(&self, interface: &str, name: &str, item: &str) -> Option<&str> {
        self.interface(interface)?.types.get(name)?.items.get(item).map(String::as_str)
    }

    fn interface(&self, full: &str) -> Option<&InterfaceDocs> {
        let (package, interface) = split(full)?;
        self.packages.get(&package)?.interfaces.get(interface)
    }
}

/// `lgsp:types/faults@1.0.0` → `lgsp:types@1.0.0` and `faults`.
fn split(full: &str) -> Option<(String, &str)> {
    let (package, rest) = full.split_once('/')?;
    Some(match rest.split_once('@') {
        Some((interface, version)) => (format!("{package}@{version}"), interface),
        None => (package.to_owned(), rest),
    })
}

/// The packages that the contracts come from or take types from.
fn packages_of(surface: &Surface) -> BTreeSet<String> {
    let mut interfaces: BTreeSet<&str> = surface.contracts.iter().map(|contract| contract.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    let mut left: Vec<&crate::Shape> = Vec::new();
    for function in surface.contracts.iter().flat_map(|contract| contract.functions.items()) {
        left.extend(function.params.items().iter().map(|field| &field.shape));
        left.extend(function.answer.ok());
        left.extend(function.answer.err());
    }
    while let Some(shape) = left.pop() {
        if let Some(name) = shape.name() {
            if !seen.insert(name) {
                continue;
            }
            interfaces.insert(&name.interface);
        }
        left.extend(shape.kind().parts());
    }
    interfaces.into_iter().filter_map(|interface| split(interface).map(|(package, _)| package)).collect()
}

impl PackageDocs {
    #[expect(clippy::indexing_slicing, reason = "an arena indexed by its own ids")]
    fn of(package: &UnresolvedPackage) -> Self {
        let interfaces = package.interfaces.iter().filter_map(|(_, interface)| {
            let name = interface.name.clone()?;
            let funcs = interface.functions.iter().map(|(name, function)| {
                (name.clone(), ItemDocs { docs: function.docs.contents.clone(), items: BTreeMap::new() })
            });
            let types = interface.types.iter().map(|(name, id)| {
                let def = &package.types[*id];
                (name.clone(), ItemDocs { docs: def.docs.contents.clone(), items: items(&def.kind) })
            });
            let present = |(_, docs): &(String, ItemDocs)| docs.docs.is_some() || !docs.items.is_empty();
            let docs = InterfaceDocs {
                docs: interface.docs.contents.clone(),
                funcs: funcs.filter(present).collect(),
                types: types.filter(present).collect(),
            };
            Some((name, docs))
        });
        Self { docs: package.docs.contents.clone(), interfaces: interfaces.collect() }
    }
}

fn items(kind: &TypeDefKind) -> BTreeMap<String, String> {
    let all: Vec<(&String, &wit_parser::Docs)> = match kind {
        TypeDefKind::Record(of) => of.fields.iter().map(|item| (&item.name, &item.docs)).collect(),
        TypeDefKind::Variant(of) => of.cases.iter().map(|item| (&item.name, &item.docs)).collect(),
        TypeDefKind::Enum(of) => of.cases.iter().map(|item| (&item.name, &item.docs)).collect(),
        TypeDefKind::Flags(of) => of.flags.iter().map(|item| (&item.name, &item.docs)).collect(),
        _ => Vec::new(),
    };
    all.into_iter().filter_map(|(name, docs)| Some((name.clone(), docs.contents.clone()?))).collect()
}
