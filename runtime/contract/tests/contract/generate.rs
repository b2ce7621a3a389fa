//! Types and values made up for property tests: as WIT text, as shapes, as values, as damaged JSON.
//!
//! Invariant: the text and the shape of one generated type mean the same.

use nhip_contract::names::Table;
use nhip_contract::{Case, Field, Int, Kind, Shape};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use wasmtime::component::Val;

/// A type before it has a name.
#[derive(Clone, Debug)]
pub(crate) enum Ty {
    Primitive(&'static str),
    List(Box<Ty>),
    Fixed(Box<Ty>, u32),
    Map(&'static str, Box<Ty>),
    Tuple(Vec<Ty>),
    Option(Box<Ty>),
    Result(Option<Box<Ty>>, Option<Box<Ty>>),
    Record(Vec<Ty>),
    Variant(Vec<Option<Ty>>),
    Enum(usize),
    Flags(usize),
}

const PRIMITIVES: [(&str, Kind); 14] = [
    ("bool", Kind::Bool),
    ("u8", Kind::Int(Int::U8)),
    ("u16", Kind::Int(Int::U16)),
    ("u32", Kind::Int(Int::U32)),
    ("u64", Kind::Int(Int::U64)),
    ("s8", Kind::Int(Int::S8)),
    ("s16", Kind::Int(Int::S16)),
    ("s32", Kind::Int(Int::S32)),
    ("s64", Kind::Int(Int::S64)),
    ("f32", Kind::Float32),
    ("f64", Kind::Float64),
    ("char", Kind::Char),
    ("string", Kind::String),
    ("list<u8>", Kind::Bytes),
];

pub(crate) fn ty() -> impl Strategy<Value = Ty> {
    let leaf = prop_oneof![
        8 => select(PRIMITIVES.map(|(name, _)| name).to_vec()).prop_map(Ty::Primitive),
        1 => (1_usize..12).prop_map(Ty::Enum),
        1 => (1_usize..33).prop_map(Ty::Flags),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(Ty::List),
            (boxed.clone(), 1_u32..4).prop_map(|(item, length)| Ty::Fixed(item, length)),
            (select(vec!["string", "u16", "bool"]), boxed.clone()).prop_map(|(key, value)| Ty::Map(key, value)),
            vec(inner.clone(), 1..4).prop_map(Ty::Tuple),
            boxed.clone().prop_map(Ty::Option),
            (prop::option::of(boxed.clone()), prop::option::of(boxed)).prop_map(|(ok, err)| Ty::Result(ok, err)),
            vec(inner.clone(), 1..5).prop_map(Ty::Record),
            vec(prop::option::of(inner), 1..5).prop_map(Ty::Variant),
        ]
    })
}

impl Ty {
    /// The type in WIT; what must be declared for it goes to `declarations`.
    pub(crate) fn wit(&self, declarations: &mut Vec<String>) -> String {
        let mut optional = |ty: &Option<Box<Self>>| ty.as_ref().map_or("_".to_owned(), |ty| ty.wit(declarations));
        let (keyword, body) = match self {
            Self::Primitive(name) => return (*name).to_owned(),
            Self::List(item) => return format!("list<{}>", item.wit(declarations)),
            Self::Fixed(item, length) => return format!("list<{}, {length}>", item.wit(declarations)),
            Self::Map(key, value) => return format!("map<{key}, {}>", value.wit(declarations)),
            Self::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.wit(declarations)).collect();
                return format!("tuple<{}>", parts.join(", "));
            }
            Self::Option(inner) => return format!("option<{}>", inner.wit(declarations)),
            Self::Result(None, None) => return "result".to_owned(),
            Self::Result(ok, err) => {
                let ok = optional(ok);
                return match err {
                    Some(_) => format!("result<{ok}, {}>", optional(err)),
                    None => format!("result<{ok}>"),
                };
            }
            Self::Record(fields) => {
                let field = |(at, ty): (usize, &Self)| format!("{}: {}", member(at), ty.wit(declarations));
                ("record", fields.iter().enumerate().map(field).collect::<Vec<_>>())
            }
            Self::Variant(cases) => {
                let one = |(at, payload): (usize, &Option<Self>)| match payload {
                    Some(ty) => format!("{}({})", case(at), ty.wit(declarations)),
                    None => case(at),
                };
                ("variant", cases.iter().enumerate().map(one).collect())
            }
            Self::Enum(count) => ("enum", (0..*count).map(case).collect()),
            Self::Flags(count) => ("flags", (0..*count).map(case).collect()),
        };
        let name = format!("t{}", declarations.len());
        declarations.push(format!("{keyword} {name} {{ {} }}", body.join(", ")));
        name
    }

    /// The shape, its types without names.
    pub(crate) fn shape(&self) -> Shape {
        let optional = |ty: &Option<Box<Self>>| ty.as_ref().map(|ty| ty.shape());
        let cases = |count: usize| Table::new((0..count).map(|at| a_case(at, None)).collect()).unwrap();
        let kind = match self {
            Self::Primitive(wanted) => PRIMITIVES.into_iter().find(|(name, _)| name == wanted).unwrap().1,
            Self::List(item) if matches!(**item, Self::Primitive("u8")) => Kind::Bytes,
            Self::List(item) => Kind::List(item.shape()),
            Self::Fixed(item, length) => Kind::FixedList(item.shape(), *length),
            Self::Map(key, value) => Kind::map(Self::Primitive(key).shape(), value.shape()).unwrap(),
            Self::Tuple(parts) => Kind::Tuple(parts.iter().map(Self::shape).collect()),
            Self::Option(inner) => Kind::Option(inner.shape()),
            Self::Result(ok, err) => Kind::Result(optional(ok), optional(err)),
            Self::Record(fields) => {
                let field = |(at, ty): (usize, &Self)| Field::new(member(at), None, ty.shape());
                Kind::Record(Table::new(fields.iter().enumerate().map(field).collect()).unwrap())
            }
            Self::Variant(cases) => {
                let one = |(at, ty): (usize, &Option<Self>)| a_case(at, ty.as_ref().map(Self::shape));
                Kind::Variant(Table::new(cases.iter().enumerate().map(one).collect()).unwrap())
            }
            Self::Enum(count) => Kind::Enum(cases(*count)),
            Self::Flags(count) => Kind::Flags(cases(*count)),
        };
        Shape::new(None, None, kind).unwrap()
    }
}

/// The types that are `ty` with one change somewhere in it; never none.
pub(crate) fn neighbours(ty: &Ty) -> Vec<Ty> {
    let mut all =
        vec![Ty::Option(Box::new(ty.clone())), Ty::Primitive("string"), Ty::Primitive("u32"), Ty::Primitive("s64")];
    let boxed = |inner: &Ty| neighbours(inner).into_iter().map(Box::new);
    match ty {
        Ty::Primitive(_) => all.extend(["u8", "u64", "f32", "f64"].map(Ty::Primitive)),
        Ty::List(item) => all.extend(boxed(item).map(Ty::List)),
        Ty::Fixed(item, length) => all.extend(boxed(item).map(|item| Ty::Fixed(item, *length))),
        Ty::Map(key, value) => {
            all.push(Ty::Map(if *key == "string" { "u8" } else { "string" }, value.clone()));
            all.extend(boxed(value).map(|value| Ty::Map(key, value)));
        }
        Ty::Tuple(parts) => all.extend(each(parts, neighbours).into_iter().map(Ty::Tuple)),
        Ty::Option(inner) => {
            all.push((**inner).clone());
            all.extend(boxed(inner).map(Ty::Option));
        }
        Ty::Result(ok, err) => {
            all.extend(payloads(ok.as_deref()).into_iter().map(|ok| Ty::Result(ok.map(Box::new), err.clone())));
            all.extend(payloads(err.as_deref()).into_iter().map(|err| Ty::Result(ok.clone(), err.map(Box::new))));
        }
        Ty::Record(fields) => {
            for extra in [Ty::Primitive("bool"), Ty::Option(Box::new(Ty::Primitive("bool")))] {
                all.push(Ty::Record(fields.iter().cloned().chain([extra]).collect()));
            }
            all.extend(each(fields, neighbours).into_iter().map(Ty::Record));
        }
        Ty::Variant(cases) => {
            all.push(Ty::Variant(cases.iter().cloned().chain([None]).collect()));
            all.extend(each(cases, |payload| payloads(payload.as_ref())).into_iter().map(Ty::Variant));
        }
        Ty::Enum(count) => all.push(Ty::Enum(count + 1)),
        Ty::Flags(count) => all.push(Ty::Flags(count + 1)),
    }
    all
}

fn payloads(payload: Option<&Ty>) -> Vec<Option<Ty>> {
    match payload {
        None => vec![Some(Ty::Primitive("u8")), Some(Ty::Option(Box::new(Ty::Primitive("u8"))))],
        Some(ty) => neighbours(ty).into_iter().map(Some).chain([None]).collect(),
    }
}

/// The lists that are `items` with one of them changed.
fn each<T: Clone>(items: &[T], change: impl Fn(&T) -> Vec<T>) -> Vec<Vec<T>> {
    let changed = |at: usize| {
        let replace = move |new: T| {
            items.iter().enumerate().map(|(here, old)| if here == at { new.clone() } else { old.clone() }).collect()
        };
        items.get(at).map(&change).unwrap_or_default().into_iter().map(replace)
    };
    (0..items.len()).flat_map(changed).collect()
}

fn member(at: usize) -> String {
    format!("m{at}-x")
}

fn case(at: usize) -> String {
    format!("case{at}")
}

fn a_case(at: usize, payload: Option<Shape>) -> Case {
    Case { name: case(at), docs: None, payload }
}

/// Any value of a shape.
pub(crate) fn value(shape: &Shape) -> BoxedStrategy<Val> {
    match shape.kind() {
        Kind::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Kind::Int(int) => integer(*int),
        Kind::Float32 => any::<u32>().prop_map(|bits| Val::Float32(f32::from_bits(bits))).boxed(),
        Kind::Float64 => any::<u64>().prop_map(|bits| Val::Float64(f64::from_bits(bits))).boxed(),
        Kind::Char => any::<char>().prop_map(Val::Char).boxed(),
        Kind::String => any::<String>().prop_map(Val::String).boxed(),
        Kind::Bytes => vec(any::<u8>().prop_map(Val::U8), 0..9).prop_map(Val::List).boxed(),
        Kind::List(item) => vec(value(item), 0..4).prop_map(Val::List).boxed(),
        Kind::FixedList(item, length) => vec(value(item), *length as usize).prop_map(Val::FixedLengthList).boxed(),
        Kind::Map { key, value: item, .. } => {
            // One entry per key: of several with one string key JSON keeps the last.
            let unique = |mut entries: Vec<(Val, Val)>| {
                let mut seen: Vec<Val> = Vec::new();
                entries.retain(|(key, _)| {
                    !seen.contains(key) && {
                        seen.push(key.clone());
                        true
                    }
                });
                Val::Map(entries)
            };
            vec((value(key), value(item)), 0..4).prop_map(unique).boxed()
        }
        Kind::Tuple(parts) => parts.iter().map(value).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Kind::Record(fields) => {
            let names: Vec<String> = fields.items().iter().map(|field| field.name.clone()).collect();
            let values: Vec<_> = fields.items().iter().map(|field| value(&field.shape)).collect();
            values.prop_map(move |values| Val::Record(names.iter().cloned().zip(values).collect())).boxed()
        }
        Kind::Variant(cases) => {
            let one = |case: &Case| {
                let name = case.name.clone();
                payload(case.payload.as_ref()).prop_map(move |payload| Val::Variant(name.clone(), payload)).boxed()
            };
            proptest::strategy::Union::new(cases.items().iter().map(one)).boxed()
        }
        Kind::Enum(cases) => select(names(cases.items())).prop_map(Val::Enum).boxed(),
        Kind::Flags(flags) => {
            let names = names(flags.items());
            let most = names.len();
            subsequence(names, 0..=most).prop_map(Val::Flags).boxed()
        }
        Kind::Option(inner) => {
            prop::option::of(value(inner)).prop_map(|value| Val::Option(value.map(Box::new))).boxed()
        }
        Kind::Result(ok, err) => prop_oneof![
            payload(ok.as_ref()).prop_map(|value| Val::Result(Ok(value))),
            payload(err.as_ref()).prop_map(|value| Val::Result(Err(value))),
        ]
        .boxed(),
    }
}

fn payload(shape: Option<&Shape>) -> BoxedStrategy<Option<Box<Val>>> {
    match shape {
        Some(shape) => value(shape).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    }
}

fn names(cases: &[Case]) -> Vec<String> {
    cases.iter().map(|case| case.name.clone()).collect()
}

fn integer(int: Int) -> BoxedStrategy<Val> {
    match int {
        Int::U8 => any::<u8>().prop_map(Val::U8).boxed(),
        Int::U16 => any::<u16>().prop_map(Val::U16).boxed(),
        Int::U32 => any::<u32>().prop_map(Val::U32).boxed(),
        Int::U64 => prop_oneof![any::<u64>(), (1_u64 << 53) - 3..(1 << 53) + 3].prop_map(Val::U64).boxed(),
        Int::S8 => any::<i8>().prop_map(Val::S8).boxed(),
        Int::S16 => any::<i16>().prop_map(Val::S16).boxed(),
        Int::S32 => any::<i32>().prop_map(Val::S32).boxed(),
        Int::S64 => prop_oneof![any::<i64>(), -(1_i64 << 53) - 3..-(1 << 53) + 3].prop_map(Val::S64).boxed(),
    }
}

/// A type and a value of it.
pub(crate) fn typed_value() -> impl Strategy<Value = (Ty, Shape, Val)> {
    ty().prop_flat_map(|ty| {
        let shape = ty.shape();
        let value = value(&shape);
        (Just(ty), Just(shape), value)
    })
}

/// JSON to put in the place of other JSON.
pub(crate) fn intruder() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(300),
        json!(1.0),
        json!(1.5),
        json!(9_007_199_254_740_991_u64),
        json!(9_007_199_254_740_992_u64),
        json!(1e300),
        json!("x"),
        json!(""),
        json!("12"),
        json!("NaN"),
        json!("case0"),
        json!([]),
        json!([1]),
        json!(["case0", "case0"]),
        json!({}),
        json!({ "tag": "case0" }),
        json!({ "tag": "ok", "val": 1 }),
        json!({ "tag": "some" }),
        json!({ "m0X": 1 }),
    ])
}

/// Replaces the `at`-th node of `value`, counted from the top, by `intruder`, or adds it there as a member.
pub(crate) fn damage(value: &mut Value, at: &mut usize, intruder: &Value, add: bool) {
    if *at == 0 {
        match (value, add) {
            (Value::Object(members), true) => {
                members.insert("stranger".to_owned(), intruder.clone());
            }
            (Value::Array(items), true) => items.push(intruder.clone()),
            (value, _) => *value = intruder.clone(),
        }
        *at = usize::MAX;
        return;
    }
    *at = at.saturating_sub(usize::from(*at != usize::MAX));
    let parts: Vec<&mut Value> = match value {
        Value::Object(members) => members.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    for part in parts {
        if *at != usize::MAX {
            damage(part, at, intruder, add);
        }
    }
}
