//! From the decoded WIT of a component to its surface.
//!
//! Invariant: a function is either listed whole or every reason why it cannot be served is listed.

#![expect(
    clippy::indexing_slicing,
    reason = "an arena indexed by its own ids, which is all that `wit-parser` hands out"
)]

use std::sync::Arc;

use wit_parser::{
    Function as WitFunction, FunctionKind, InterfaceId, Resolve, Type, TypeDefKind, WorldId, WorldItem, WorldKey,
};

use super::{Import, MAX_SURFACE_NODES, OtherExport, Surface, SurfaceError};
use crate::contract::{Answer, Contract, Function, Unservable};
use crate::docs::WitDocs;
use crate::json_calls::{is_json_calls, names_json_calls};
use crate::names::Table;
use crate::shape::build::{Builder, Obstacle};
use crate::shape::{Field, Shape};
use crate::shared_fault::is_shared_fault;

/// The most places listed for one contract. One is enough to refuse it.
const MAX_UNSERVABLE: usize = 128;

pub(super) struct Reader<'a> {
    resolve: &'a Resolve,
    docs: &'a WitDocs,
    builder: Builder<'a>,
    nodes_left: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(resolve: &'a Resolve, docs: &'a WitDocs) -> Self {
        Self { resolve, docs, builder: Builder::new(resolve, docs), nodes_left: MAX_SURFACE_NODES }
    }

    pub(super) fn surface(&mut self, world: WorldId) -> Result<Surface, SurfaceError> {
        let world = &self.resolve.worlds[world];
        let imports = world.imports.iter().map(|(key, item)| self.import(key, item)).collect();
        let mut contracts = Vec::new();
        let mut other_exports = Vec::new();
        let mut json_calls = false;
        for (key, item) in &world.exports {
            match self.contract_name(key, item) {
                Some((name, id)) if names_json_calls(&name) => {
                    json_calls = is_json_calls(&self.contract(name, id));
                    if !json_calls {
                        return Err(SurfaceError::JsonCalls);
                    }
                }
                Some((name, id)) => contracts.push(self.contract(name, id)),
                None => other_exports.push(OtherExport {
                    name: self.resolve.name_world_key(key),
                    interface: matches!(item, WorldItem::Interface { .. }),
                }),
            }
        }
        Ok(Surface { imports, contracts, other_exports, json_calls })
    }

    fn import(&mut self, key: &WorldKey, item: &WorldItem) -> Import {
        let functions = match item {
            WorldItem::Interface { id, .. } => self.resolve.interfaces[*id].functions.keys().cloned().collect(),
            WorldItem::Function(function) => vec![function.name.clone()],
            WorldItem::Type { .. } => Vec::new(),
        };
        let contract = self.contract_name(key, item).filter(|_| !functions.is_empty());
        let contract = contract.map(|(name, id)| self.contract(name, id));
        Import { name: self.resolve.name_world_key(key), functions, contract }
    }

    /// The full name, if it is an interface that somebody else than WASI defined under a name of its own.
    fn contract_name(&self, key: &WorldKey, item: &WorldItem) -> Option<(String, InterfaceId)> {
        let (WorldKey::Interface(_), WorldItem::Interface { id, .. }) = (key, item) else { return None };
        let package = &self.resolve.packages[self.resolve.interfaces[*id].package?];
        let own = package.name.namespace != "wasi";
        own.then(|| self.resolve.id_of(*id)).flatten().map(|name| (name, *id))
    }

    fn contract(&mut self, name: String, id: InterfaceId) -> Contract {
        let interface = &self.resolve.interfaces[id];
        let mut functions = Vec::new();
        let mut unservable = Vec::new();
        for function in interface.functions.values() {
            match self.function(&name, function) {
                Ok(function) => functions.push(Arc::new(function)),
                Err(places) => unservable.extend(places),
            }
        }
        let functions = Table::new(functions).unwrap_or_else(|twice| {
            unservable.push(unservable_at(&twice, Obstacle::here("two functions have this name")));
            Table::default()
        });
        unservable.truncate(MAX_UNSERVABLE);
        let docs = self.docs.of_interface(&name).map(str::to_owned);
        Contract { name, docs, functions, unservable }
    }

    fn function(&mut self, contract: &str, function: &WitFunction) -> Result<Function, Vec<Unservable>> {
        self.signature(function)
            .map(|(params, answer)| {
                let docs = self.docs.of_function(contract, &function.name).map(str::to_owned);
                Function { name: function.name.clone(), docs, params, answer }
            })
            .map_err(|obstacles| {
                obstacles.into_iter().map(|obstacle| unservable_at(&function.name, obstacle)).collect()
            })
    }

    fn signature(&mut self, function: &WitFunction) -> Result<(Table<Field>, Answer), Vec<Obstacle>> {
        match function.kind {
            FunctionKind::Freestanding => {}
            FunctionKind::AsyncFreestanding => {
                return Err(vec![Obstacle::here(
                    "it is `async`; leave that out: the host runs exchanges side by side anyway",
                )]);
            }
            _ => {
                return Err(vec![Obstacle::here(
                    "it belongs to a resource, which lives inside one instance and ends with the exchange",
                )]);
            }
        }
        let mut obstacles = Vec::new();
        let mut params = Vec::new();
        for param in &function.params {
            match self.builder.at(&param.name, param.ty) {
                Ok(shape) => params.push(Field::new(param.name.as_str(), None, shape)),
                Err(found) => obstacles.extend(found),
            }
        }
        let answer = self.answer(function.result).map_err(|found| obstacles.extend(found));
        let (Ok(answer), true) = (answer, obstacles.is_empty()) else {
            return Err(obstacles);
        };
        self.charge(&params, &answer)?;
        let params = Table::new(params)
            .map_err(|name| vec![Obstacle::here(&format!("two of its parameters are `{name}` in JSON"))])?;
        Ok((params, answer))
    }

    fn answer(&mut self, ty: Option<Type>) -> Result<Answer, Vec<Obstacle>> {
        let Some(ty) = ty else { return Ok(Answer::Nothing) };
        let Some(result) = self.result_type(ty) else {
            return self.builder.at("answer", ty).map(Answer::Value);
        };
        let (ok, err) = result;
        let ok = ok.map(|ty| self.builder.at("answer.ok", ty)).transpose();
        let err = err.map(|ty| self.builder.at("answer.err", ty)).transpose();
        match (ok, err) {
            (Ok(ok), Ok(err)) => {
                let shared_fault = err.as_ref().is_some_and(is_shared_fault);
                Ok(Answer::Result { ok, err, shared_fault })
            }
            (ok, err) => Err(ok.err().into_iter().chain(err.err()).flatten().collect()),
        }
    }

    /// Success and fault, if the type is a `result`, whatever name it goes by.
    fn result_type(&self, mut ty: Type) -> Option<(Option<Type>, Option<Type>)> {
        loop {
            let Type::Id(id) = ty else { return None };
            match &self.resolve.types[id].kind {
                TypeDefKind::Type(next) => ty = *next,
                TypeDefKind::Result(result) => return Some((result.ok, result.err)),
                _ => return None,
            }
        }
    }

    /// Counts the nodes of a function against those of the whole surface.
    fn charge(&mut self, params: &[Field], answer: &Answer) -> Result<(), Vec<Obstacle>> {
        let shapes = params.iter().map(|field| &field.shape).chain(answer.ok()).chain(answer.err());
        let nodes = shapes.map(Shape::nodes).fold(1_u32, u32::saturating_add);
        match self.nodes_left.checked_sub(nodes) {
            Some(left) => {
                self.nodes_left = left;
                Ok(())
            }
            None => Err(vec![Obstacle::here(&format!(
                "all contracts of the component together have more than {MAX_SURFACE_NODES} parts when written out"
            ))]),
        }
    }
}

fn unservable_at(function: &str, obstacle: Obstacle) -> Unservable {
    Unservable { function: function.to_owned(), path: obstacle.path, what: obstacle.what }
}
