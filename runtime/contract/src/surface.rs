//! The surface of a component: what it imports, the contracts it exports, and what else it exports.
//!
//! Invariant: [`Surface::read`] takes any bytes, from anybody. It neither panics nor grows beyond a small multiple of
//! the component, and everything of an exported contract that cannot be served is named in that contract.

use wasmparser::{Parser, Payload};
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldId};

use crate::contract::{Contract, Unservable};
use crate::docs::{DocsError, WitDocs};
use crate::json_calls::JSON_CALLS;
use reader::Reader;

mod reader;

/// The most nodes of all functions of all contracts together, every shared type written out where it is used. It
/// bounds the work of everything that walks a surface, e.g. the making of API documents.
pub const MAX_SURFACE_NODES: u32 = 200_000;

/// What a component imports and exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surface {
    /// In the order of the component.
    pub imports: Vec<Import>,
    /// Every exported interface with a full name outside the namespace `wasi`.
    pub contracts: Vec<Contract>,
    /// Everything else it exports.
    pub other_exports: Vec<OtherExport>,
    /// Whether the functions of its contracts are to be called by [`JSON_CALLS`](crate::JSON_CALLS), which it exports.
    pub json_calls: bool,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The full name of an interface, e.g. `wasi:http/outgoing-handler@0.2.12`, or the plain name of a function, a type or
    /// an interface that the world itself defines.
    pub name: String,
    /// The functions, as written in WIT (`[method]bucket.get`). Empty if only types are imported.
    pub functions: Vec<String>,
    /// What is imported, with its types, of an interface with a full name outside the namespace `wasi`.
    pub contract: Option<Contract>,
}

impl Import {
    /// Whether only types are imported: such an import needs nothing from the host.
    #[must_use]
    pub fn only_types(&self) -> bool {
        self.functions.is_empty()
    }
}

/// An export that is not a contract, e.g. `wasi:http/incoming-handler@0.2.12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherExport {
    /// Its name.
    pub name: String,
    /// Whether it is an interface; otherwise a function or a type of the world itself.
    pub interface: bool,
}

/// Why the surface cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SurfaceError {
    /// Not WebAssembly at all.
    #[error("not WebAssembly: it does not begin with the bytes of a component")]
    NotWasm,
    /// A core module.
    #[error(
        "a core module, not a component; build it with `--target wasm32-wasip2`, or wrap it with `wasm-tools component new`"
    )]
    CoreModule,
    /// WebAssembly of a version that is neither.
    #[error("WebAssembly of an unknown kind or version, not a component")]
    UnknownKind,
    /// WIT, encoded as a binary.
    #[error("a WIT package, not a component: it describes contracts and implements none")]
    WitPackage,
    /// Not valid.
    #[error("not a valid component: {0}")]
    Invalid(String),
    /// It exports an interface of ours, and not as it is.
    #[error(
        "exports another `{JSON_CALLS}` than the gateway's, or another version: take it from the WIT files of the gateway"
    )]
    JsonCalls,
    /// The docs that it carries cannot be read.
    #[error(transparent)]
    Docs(#[from] DocsError),
}

impl Surface {
    /// Reads a component. The docs come from its sections [`SECTION_PREFIX`](crate::docs::SECTION_PREFIX).
    ///
    /// # Errors
    /// The bytes are not a valid component.
    pub fn read(component: &[u8]) -> Result<Self, SurfaceError> {
        let docs = scan(component)?;
        // The decoder of WIT validates, but it is written for the output of its own tools and asserts much of what a
        // hostile component need not keep. It shares no state with anything, so nothing is left broken by a panic.
        let read = std::panic::catch_unwind(|| {
            let (resolve, world) = decode(component)?;
            Reader::new(&resolve, &docs).surface(world)
        });
        read.unwrap_or_else(|_| Err(SurfaceError::Invalid("its types contradict each other".to_owned())))
    }

    /// The contract of that full name.
    #[must_use]
    pub fn contract(&self, name: &str) -> Option<&Contract> {
        self.contracts.iter().find(|contract| contract.name == name)
    }

    /// Every place of every contract that cannot be served, with the contract's name.
    pub fn unservable(&self) -> impl Iterator<Item = (&str, &Unservable)> {
        self.contracts
            .iter()
            .flat_map(|contract| contract.unservable.iter().map(|place| (contract.name.as_str(), place)))
    }
}

/// Parses every section once before anything is allocated by what its header claims, and picks up the docs.
fn scan(bytes: &[u8]) -> Result<WitDocs, SurfaceError> {
    if Parser::is_core_wasm(bytes) {
        return Err(SurfaceError::CoreModule);
    }
    if !Parser::is_component(bytes) {
        let wasm = bytes.starts_with(b"\0asm");
        return Err(if wasm { SurfaceError::UnknownKind } else { SurfaceError::NotWasm });
    }
    let mut docs = WitDocs::default();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| SurfaceError::Invalid(error.to_string()))?;
        if let Payload::CustomSection(section) = payload {
            docs.read_section(section.name(), section.data())?;
        }
    }
    Ok(docs)
}

fn decode(bytes: &[u8]) -> Result<(Resolve, WorldId), SurfaceError> {
    match wit_component::decode(bytes) {
        Ok(DecodedWasm::Component(resolve, world)) => Ok((resolve, world)),
        Ok(DecodedWasm::WitPackage(..)) => Err(SurfaceError::WitPackage),
        Err(error) => Err(SurfaceError::Invalid(format!("{error:#}"))),
    }
}
