//! Shapes from the WIT that a component carries.
//!
//! Invariant: every type is looked at once, however often it is used, and everything that has no JSON form is reported
//! with its place. Hostile types cannot make this long: aliases are followed in a loop, depth is bounded by the
//! validator, and the reports per type are bounded by [`MAX_OBSTACLES`].

#![expect(
    clippy::indexing_slicing,
    reason = "an arena indexed by its own ids, which is all that `wit-parser` hands out"
)]

use std::collections::HashMap;

use wit_parser::{Docs, InterfaceId, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

use super::{Case, Field, Int, Kind, Shape, ShapeError, TypeName};
use crate::docs::WitDocs;
use crate::names::Table;

/// The most obstacles kept for one type. A contract with one is refused, so the rest only has to be helpful.
pub(crate) const MAX_OBSTACLES: usize = 32;

/// A place below some type that has no JSON form.
#[derive(Clone, Debug)]
pub(crate) struct Obstacle {
    /// The way from the type to the place, e.g. `.items[]`.
    pub(crate) path: String,
    /// What stands there.
    pub(crate) what: String,
}

impl Obstacle {
    /// An obstacle at the place itself.
    pub(crate) fn here(what: &str) -> Self {
        Self { path: String::new(), what: what.to_owned() }
    }
}

type Built = Result<Shape, Vec<Obstacle>>;

/// Builds shapes and remembers them by type.
pub(crate) struct Builder<'a> {
    resolve: &'a Resolve,
    docs: &'a WitDocs,
    known: HashMap<TypeId, Built>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(resolve: &'a Resolve, docs: &'a WitDocs) -> Self {
        Self { resolve, docs, known: HashMap::new() }
    }

    /// The shape of `ty`, or every place in it that has no JSON form.
    pub(crate) fn shape(&mut self, ty: Type) -> Built {
        match ty {
            Type::Id(id) => self.defined(id),
            Type::ErrorContext => Err(no_json("an `error-context`: it lives inside one instance")),
            primitive => plain(primitive_kind(primitive)),
        }
    }

    fn defined(&mut self, id: TypeId) -> Built {
        let (id, def) = self.behind_aliases(id);
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let built = self.kind(def).and_then(|kind| self.named(def, kind));
        self.known.insert(id, built.clone());
        built
    }

    /// The type that an alias finally means. A name for a primitive is kept: it has docs of its own.
    fn behind_aliases(&self, mut id: TypeId) -> (TypeId, &'a TypeDef) {
        let resolve = self.resolve;
        loop {
            let def = &resolve.types[id];
            match def.kind {
                TypeDefKind::Type(Type::Id(next)) => id = next,
                _ => return (id, def),
            }
        }
    }

    fn named(&self, def: &TypeDef, kind: Kind) -> Built {
        let name = def.name.as_ref().map(|name| TypeName { name: name.clone(), interface: self.owner(def) });
        let docs = name
            .as_ref()
            .and_then(|name| self.docs.of_type(&name.interface, &name.name))
            .or(def.docs.contents.as_deref())
            .map(str::to_owned);
        Shape::new(name, docs, kind).map_err(|error| refused(&error))
    }

    /// The full name of the interface that defines the type, empty for a type of the world.
    fn owner(&self, def: &TypeDef) -> String {
        match def.owner {
            TypeOwner::Interface(id) => self.interface(id),
            TypeOwner::World(_) | TypeOwner::None => String::new(),
        }
    }

    fn interface(&self, id: InterfaceId) -> String {
        self.resolve.id_of(id).unwrap_or_default()
    }

    fn kind(&mut self, def: &TypeDef) -> Result<Kind, Vec<Obstacle>> {
        match &def.kind {
            TypeDefKind::Record(record) => {
                let members = record.fields.iter().map(|field| (field.name.as_str(), &field.docs, field.ty));
                let fields = self.members(def, members)?;
                table(fields).map(Kind::Record)
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| (case.name.as_str(), &case.docs, case.ty));
                self.cases(def, cases).map(Kind::Variant)
            }
            TypeDefKind::Enum(of) => {
                let cases = of.cases.iter().map(|case| (case.name.as_str(), &case.docs, None));
                self.cases(def, cases).map(Kind::Enum)
            }
            TypeDefKind::Flags(of) => {
                let flags = of.flags.iter().map(|flag| (flag.name.as_str(), &flag.docs, None));
                self.cases(def, flags).map(Kind::Flags)
            }
            TypeDefKind::Tuple(tuple) => self.tuple(&tuple.types),
            TypeDefKind::Option(inner) => self.shape(*inner).map(Kind::Option),
            TypeDefKind::Result(result) => {
                let ok = self.optional(result.ok, ".ok");
                let err = self.optional(result.err, ".err");
                both(ok, err).map(|(ok, err)| Kind::Result(ok, err))
            }
            TypeDefKind::List(Type::U8) => Ok(Kind::Bytes),
            TypeDefKind::List(item) => self.at("[]", *item).map(Kind::List),
            TypeDefKind::FixedLengthList(item, length) => {
                self.at("[]", *item).map(|item| Kind::FixedList(item, *length))
            }
            TypeDefKind::Map(key, value) => {
                let key = self.at("{key}", *key);
                let value = self.at("{value}", *value);
                let (key, value) = both(key, value)?;
                Kind::map(key, value).map_err(|error| refused(&error))
            }
            // Only reached for a name of a primitive: other aliases were followed before.
            TypeDefKind::Type(ty) => self.shape(*ty).map(|shape| shape.kind().clone()),
            TypeDefKind::Resource | TypeDefKind::Handle(_) => {
                Err(no_json("a resource: it lives inside one instance and ends with the exchange"))
            }
            TypeDefKind::Stream(_) => Err(no_json("a stream: it is not a value; answer a list")),
            TypeDefKind::Future(_) => Err(no_json("a future: it is not a value; answer the value itself")),
            TypeDefKind::Unknown => Err(no_json("a type that the component does not define")),
        }
    }

    /// Named members with their shapes; the obstacles of all of them if there are any.
    fn members<'m>(
        &mut self,
        def: &TypeDef,
        members: impl Iterator<Item = (&'m str, &'m Docs, Type)>,
    ) -> Result<Vec<Field>, Vec<Obstacle>> {
        let interface = self.owner(def);
        let mut all = Gather::default();
        for (name, docs, ty) in members {
            let docs = self.item_docs(&interface, def, name, docs);
            let shape = self.at(&format!(".{name}"), ty);
            all.take(shape.map(|shape| Field::new(name, docs, shape)));
        }
        all.done()
    }

    fn cases<'m>(
        &mut self,
        def: &TypeDef,
        cases: impl Iterator<Item = (&'m str, &'m Docs, Option<Type>)>,
    ) -> Result<Table<Case>, Vec<Obstacle>> {
        let interface = self.owner(def);
        let mut all = Gather::default();
        for (name, docs, ty) in cases {
            let docs = self.item_docs(&interface, def, name, docs);
            let payload = self.optional(ty, &format!(".{name}"));
            all.take(payload.map(|payload| Case { name: name.to_owned(), docs, payload }));
        }
        all.done().and_then(table)
    }

    fn item_docs(&self, interface: &str, def: &TypeDef, item: &str, own: &Docs) -> Option<String> {
        let type_name = def.name.as_deref().unwrap_or_default();
        self.docs.of_item(interface, type_name, item).or(own.contents.as_deref()).map(str::to_owned)
    }

    fn tuple(&mut self, types: &[Type]) -> Result<Kind, Vec<Obstacle>> {
        let mut all = Gather::default();
        for (at, ty) in types.iter().enumerate() {
            let part = self.at(&format!(".{at}"), *ty);
            all.take(part);
        }
        all.done().map(Kind::Tuple)
    }

    fn optional(&mut self, ty: Option<Type>, step: &str) -> Result<Option<Shape>, Vec<Obstacle>> {
        ty.map(|ty| self.at(step, ty)).transpose()
    }

    /// The shape of a part, its obstacles prefixed with the step that leads there.
    pub(crate) fn at(&mut self, step: &str, ty: Type) -> Built {
        self.shape(ty).map_err(|obstacles| {
            let prefixed = |Obstacle { path, what }| Obstacle { path: format!("{step}{path}"), what };
            obstacles.into_iter().map(prefixed).collect()
        })
    }
}

/// Collects parts as long as all are good, and obstacles otherwise.
struct Gather<T> {
    good: Vec<T>,
    bad: Vec<Obstacle>,
}

impl<T> Default for Gather<T> {
    fn default() -> Self {
        Self { good: Vec::new(), bad: Vec::new() }
    }
}

impl<T> Gather<T> {
    fn take(&mut self, part: Result<T, Vec<Obstacle>>) {
        match part {
            Ok(part) => self.good.push(part),
            Err(obstacles) => {
                let room = MAX_OBSTACLES.saturating_sub(self.bad.len());
                self.bad.extend(obstacles.into_iter().take(room));
            }
        }
    }

    fn done(self) -> Result<Vec<T>, Vec<Obstacle>> {
        if self.bad.is_empty() { Ok(self.good) } else { Err(self.bad) }
    }
}

fn both<A, B>(one: Result<A, Vec<Obstacle>>, other: Result<B, Vec<Obstacle>>) -> Result<(A, B), Vec<Obstacle>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(one.into_iter().chain(other).take(MAX_OBSTACLES).collect()),
        (Err(bad), Ok(_)) | (Ok(_), Err(bad)) => Err(bad),
    }
}

fn table<T: crate::names::Keyed>(items: Vec<T>) -> Result<Table<T>, Vec<Obstacle>> {
    Table::new(items).map_err(|name| refused(&ShapeError::SameName(name)))
}

fn plain(kind: Kind) -> Built {
    Shape::new(None, None, kind).map_err(|error| refused(&error))
}

fn refused(error: &ShapeError) -> Vec<Obstacle> {
    no_json(&error.to_string())
}

fn no_json(what: &str) -> Vec<Obstacle> {
    vec![Obstacle::here(what)]
}

fn primitive_kind(ty: Type) -> Kind {
    match ty {
        Type::Bool => Kind::Bool,
        Type::U8 => Kind::Int(Int::U8),
        Type::U16 => Kind::Int(Int::U16),
        Type::U32 => Kind::Int(Int::U32),
        Type::U64 => Kind::Int(Int::U64),
        Type::S8 => Kind::Int(Int::S8),
        Type::S16 => Kind::Int(Int::S16),
        Type::S32 => Kind::Int(Int::S32),
        Type::S64 => Kind::Int(Int::S64),
        Type::F32 => Kind::Float32,
        Type::F64 => Kind::Float64,
        Type::Char => Kind::Char,
        Type::String | Type::ErrorContext | Type::Id(_) => Kind::String,
    }
}
