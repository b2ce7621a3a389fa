//! Functions that are called with JSON texts, by a component that exports `nhip:adapter/json-calls`.
//!
//! Invariant: what a component answers in JSON is believed no more than what a caller sends. It is decoded by the contract, or there is no
//! answer. What is said of one that does not fit holds names of the contract, and none of its values.

use crate::contract::{Answer, Contract, Function};
use crate::decode::{self, DecodeLimits};
use crate::encode::{EncodeError, encode_list};
use crate::refusal::Refusal;
use crate::shape::{Kind, Shape};
use crate::values::{Full, Node, Values};

/// The interface, by its full name. It is not a contract: no caller can name it.
pub const JSON_CALLS: &str = "nhip:adapter/json-calls@1.0.0";

/// Its function.
pub const JSON_CALL: &str = "call";

/// Why JSON that a component answered is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// It is too long, as the component wrote it: nobody looks into it.
    #[error("the component answered more than {limit} bytes of JSON")]
    TooLarge {
        /// The most bytes it may have.
        limit: usize,
    },
    /// It is not the JSON of an answer of the function.
    #[error("the component answered JSON that is not of the contract's type: {0}")]
    OfAnotherType(String),
}

impl Function {
    /// What [`JSON_CALL`] is called with for a call of this function: the contract, the function, and the arguments as a JSON array.
    ///
    /// # Errors
    /// The values are not the parameters of this function.
    pub fn json_call(&self, contract: &str, arguments: &Values) -> Result<Values, EncodeError> {
        let array = encode_list(&self.params, arguments)?;
        let mut call = Values::default();
        let texts = [contract, &self.name, &array].map(|text| call.add_text(text));
        let texts: Result<Vec<Node>, Full> = texts.into_iter().collect();
        let parts = texts.and_then(|texts| call.add_parts(texts.into_iter()));
        match parts {
            Ok(Node::Parts(parts)) => call.set_roots(parts),
            _ => return Err(EncodeError::TooLarge { limit: u32::MAX as usize }),
        }
        Ok(call)
    }

    /// What this function answers, of what [`JSON_CALL`] returned: of at most `max_bytes`.
    ///
    /// # Errors
    /// It is longer than that, or not the JSON of an answer of this function.
    pub fn json_answer(&self, returned: &Values, max_bytes: usize, limits: &DecodeLimits) -> Result<Values, Misfit> {
        let [Node::Case(case, Some(place))] = returned.roots() else { return Err(strange()) };
        let Some(Node::Text(span)) = returned.payload(*place) else { return Err(strange()) };
        let json = returned.text(*span).ok_or_else(strange)?;
        if json.len() > max_bytes {
            return Err(Misfit::TooLarge { limit: max_bytes });
        }
        match (&self.answer, case) {
            (Answer::Nothing, 0) => nothing(json).map(|()| Values::default()),
            (Answer::Value(shape), 0) => value(shape, json, limits),
            (Answer::Result { ok, .. }, 0) => case_of(0, ok.as_ref(), json, limits),
            (Answer::Result { err, .. }, 1) => case_of(1, err.as_ref(), json, limits),
            _ => Err(Misfit::OfAnotherType(format!("an error, and `{}` has none", self.name))),
        }
    }
}

/// Whether that is the name of the interface, in whatever version.
pub(crate) fn names_json_calls(name: &str) -> bool {
    name.split('@').next() == JSON_CALLS.split('@').next()
}

/// Whether an interface is that one: by its name and version, and with the one function of the types that it has.
pub(crate) fn is_json_calls(found: &Contract) -> bool {
    let is_text = |shape: Option<&Shape>| shape.is_some_and(|shape| matches!(shape.kind(), Kind::String));
    let ([function], []) = (found.functions.items(), &*found.unservable) else { return false };
    let params = function.params.items();
    found.name == JSON_CALLS
        && function.name == JSON_CALL
        && params.len() == 3
        && params.iter().all(|param| is_text(Some(&param.shape)))
        && matches!(&function.answer, Answer::Result { ok, err, .. } if is_text(ok.as_ref()) && is_text(err.as_ref()))
}

/// The engine compares what comes back with the type that it has, so this is a defect of the host.
fn strange() -> Misfit {
    Misfit::OfAnotherType("`call` returned something else than texts".to_owned())
}

fn nothing(json: &str) -> Result<(), Misfit> {
    let is_null = json.trim_ascii() == "null";
    is_null.then_some(()).ok_or_else(|| Misfit::OfAnotherType("wants `null`: there is nothing to tell".to_owned()))
}

fn value(shape: &Shape, json: &str, limits: &DecodeLimits) -> Result<Values, Misfit> {
    decode::decode_values(shape, json.as_bytes(), limits).map_err(|refusal| misfit(shape, &refusal))
}

/// Success or error, and what it carries.
fn case_of(case: u32, shape: Option<&Shape>, json: &str, limits: &DecodeLimits) -> Result<Values, Misfit> {
    let mut values = match shape {
        Some(shape) => value(shape, json, limits)?,
        None => nothing(json).map(|()| Values::default())?,
    };
    let payload = values.roots().first().copied().map(|root| values.add(root)).transpose();
    let root = payload.and_then(|payload| values.set_root(Node::Case(case, payload)));
    root.map_err(|full| Misfit::OfAnotherType(full.to_string()))?;
    Ok(values)
}

fn misfit(shape: &Shape, refusal: &Refusal) -> Misfit {
    let problems: Vec<String> = refusal
        .problems
        .iter()
        .map(|problem| match place(shape, &problem.pointer) {
            whole if whole.is_empty() => problem.message.clone(),
            place => format!("`{place}`: {}", problem.message),
        })
        .collect();
    Misfit::OfAnotherType(problems.join("; ") + if refusal.more { "; and more" } else { "" })
}

/// A pointer with the names of the contract alone. Other names were made up by the component, and keys of maps are values.
fn place(shape: &Shape, pointer: &str) -> String {
    let mut at = Some(shape);
    let mut known = String::new();
    for step in pointer.split('/').skip(1) {
        while let Some(Kind::Option(inner)) = at.map(Shape::kind)
            && !inner.is_option()
        {
            at = Some(inner);
        }
        let next = match at.map(Shape::kind) {
            Some(Kind::Record(fields)) => fields.get(step).map(|field| Some(&field.shape)),
            Some(Kind::List(item) | Kind::FixedList(item, _)) => Some(Some(item)),
            Some(Kind::Tuple(parts)) => Some(step.parse().ok().and_then(|at: usize| parts.get(at))),
            Some(Kind::Variant(_) | Kind::Result(..) | Kind::Option(_)) if matches!(step, "tag" | "val") => Some(None),
            _ => None,
        };
        known.push('/');
        known.push_str(if next.is_some() { step } else { "…" });
        at = next.flatten();
    }
    known
}
