//! JSON to values: a request's body to the arguments of a function, in one pass and without a tree between.
//!
//! Invariant: either every value is of its type, or the refusal names every problem up to the limit. The work is linear
//! in the size of the body times the depth of the types, and the memory is bounded by [`DecodeLimits::max_memory`].

use serde::de::DeserializeSeed;
use wasmtime::component::Val;

use crate::contract::Function;
use crate::refusal::{Problem, ProblemCode, Refusal};
use crate::shape::Shape;
use crate::values::{Full, NoVal, Node, Place, Span, Values};
use path::Path;
use seed::{Seed, Want};

mod arrays;
mod objects;
mod path;
mod scalars;
mod seed;
mod tagged;
mod text;
mod words;

pub(crate) use words::{MAX_SAFE, is_string};

/// How much a request may ask of the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The deepest nesting of arrays and objects, at most 100.
    pub max_depth: u32,
    /// The most problems that a refusal lists.
    pub max_problems: usize,
    /// The most bytes that the decoded values take: sixteen for each, and the texts and bytes themselves. An empty
    /// record of ten members takes 176: this is what bounds the effect of a small body on the host. Where the engine's
    /// own values are made of them, these are counted, too: 40 bytes for each, and all the names.
    pub max_memory: usize,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { max_depth: 64, max_problems: 32, max_memory: 128 << 20 }
    }
}

/// The most bytes of a document for which there is room before any value is found: a long one may be all text, or none. More is made as it
/// is needed.
const EARLY: usize = 16 << 10;

/// The JSON parser has a limit of 128 of its own; ours must be met first, to be told apart.
const HIGHEST_MAX_DEPTH: u32 = 100;

impl Function {
    /// The arguments in a request's body: one JSON object with the parameters by name. An empty body is `{}`.
    ///
    /// # Errors
    /// Everything that does not fit, with its place.
    pub fn decode(&self, body: &[u8], limits: &DecodeLimits) -> Result<Values, Refusal> {
        let body = if body.is_empty() { b"{}" } else { body };
        run(body, limits, Want::Params(&self.params), Unknown::Refused)
    }
}

impl Shape {
    /// One value of this shape.
    ///
    /// # Errors
    /// Everything that does not fit, with its place.
    pub fn decode(&self, json: &[u8], limits: &DecodeLimits) -> Result<Val, Refusal> {
        to_val(self, &decode_values(self, json, limits)?, limits)
    }
}

/// One value of a shape from whoever may know more members than the shape has: those are left out.
pub(crate) fn decode_open(shape: &Shape, json: &[u8], limits: &DecodeLimits) -> Result<Val, Refusal> {
    to_val(shape, &run(json, limits, Want::Shape(shape), Unknown::LeftOut)?, limits)
}

/// One value of this shape, as it is brought into a component or to a caller.
pub(crate) fn decode_values(shape: &Shape, json: &[u8], limits: &DecodeLimits) -> Result<Values, Refusal> {
    run(json, limits, Want::Shape(shape), Unknown::Refused)
}

fn to_val(shape: &Shape, values: &Values, limits: &DecodeLimits) -> Result<Val, Refusal> {
    let mismatch = || Refusal::whole(ProblemCode::WrongType, "the value is not of its type");
    let vals = values.to_vals(std::iter::once(shape), limits.max_memory).map_err(|error| match error {
        NoVal::TooLarge => Refusal::whole(ProblemCode::TooLarge, TOO_LARGE),
        NoVal::Mismatch => mismatch(),
    });
    vals?.pop().ok_or_else(mismatch)
}

const TOO_LARGE: &str = "the values take more memory than one request may; send less at once";

/// What becomes of members that a record does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Refused,
    LeftOut,
}

fn run(json: &[u8], limits: &DecodeLimits, want: Want<'_>, unknown: Unknown) -> Result<Values, Refusal> {
    let text = simdutf8::compat::from_utf8(json).map_err(|error| {
        let (line, column) = position(json, error.valid_up_to());
        Refusal::whole(ProblemCode::NotJson, format!("not UTF-8 at line {line}, column {column}"))
    })?;
    check_depth(json, limits.max_depth.min(HIGHEST_MAX_DEPTH))?;
    let mut state = State::new(text, limits, unknown);
    let mut parser = serde_json::Deserializer::from_str(text);
    let seed = Seed { state: &mut state, want, path: &Path::ROOT };
    let decoded = seed.deserialize(&mut parser).and_then(|value| parser.end().map(|()| value));
    match decoded {
        Ok(Some(node)) if state.problems.is_empty() => state.done(want, node),
        Ok(_) => Err(Refusal { problems: state.problems, more: state.more }),
        Err(error) => Err(state.fatal.unwrap_or_else(|| not_json(&error, (1, 1)))),
    }
}

/// What is known and left while one document is decoded.
struct State<'t> {
    text: &'t str,
    values: Values,
    /// Elements of the arrays that are open, the innermost last.
    open: Vec<Node>,
    max_problems: usize,
    memory_left: usize,
    unknown: Unknown,
    problems: Vec<Problem>,
    more: bool,
    /// Why decoding ended before the end. It stands alone: nothing after it was looked at.
    fatal: Option<Refusal>,
}

impl<'t> State<'t> {
    fn new(text: &'t str, limits: &DecodeLimits, unknown: Unknown) -> Self {
        let max_problems = limits.max_problems.max(1);
        let memory_left = limits.max_memory;
        // The texts of a document are shorter than it is, and few values, of sixteen bytes, are written in less than eight: three bytes for one.
        let room = text.len().min(EARLY).min(memory_left / 3);
        Self {
            text,
            values: Values::with_room(room / 8, room),
            open: Vec::new(),
            max_problems,
            memory_left,
            unknown,
            problems: Vec::new(),
            more: false,
            fatal: None,
        }
    }

    /// The values, of which this is the root; of parameters each is one.
    fn done(mut self, want: Want<'_>, node: Node) -> Result<Values, Refusal> {
        match (want, node) {
            (Want::Params(_), Node::Parts(span)) => self.values.set_roots(span),
            _ => self.values.set_root(node).map_err(|Full| Refusal::whole(ProblemCode::TooLarge, TOO_LARGE))?,
        }
        Ok(self.values)
    }

    /// Notes a problem; the words are only made if there is room for it.
    fn problem(&mut self, path: &Path<'_>, code: ProblemCode, message: impl FnOnce() -> String) {
        if self.problems.len() < self.max_problems {
            self.problems.push(Problem { pointer: path.pointer(), code, message: message() });
        } else {
            self.more = true;
        }
    }

    /// Takes `bytes` from the memory that is left.
    fn charge<E: serde::de::Error>(&mut self, bytes: usize) -> Result<(), E> {
        match self.memory_left.checked_sub(bytes) {
            Some(left) => {
                self.memory_left = left;
                Ok(())
            }
            None => Err(self.too_large()),
        }
    }

    fn too_large<E: serde::de::Error>(&mut self) -> E {
        self.fatal = Some(Refusal::whole(ProblemCode::TooLarge, TOO_LARGE));
        E::custom(TOO_LARGE)
    }

    /// What was added to the values, if there was room.
    fn fits<T, E: serde::de::Error>(&mut self, added: Result<T, Full>) -> Result<T, E> {
        added.map_err(|Full| self.too_large())
    }

    /// Charges for `count` values, not counting what they hold elsewhere.
    fn charge_values<E: serde::de::Error>(&mut self, count: usize) -> Result<(), E> {
        self.charge(count.saturating_mul(size_of::<Node>()))
    }

    fn text_value<E: serde::de::Error>(&mut self, text: &str) -> Result<Node, E> {
        self.charge(text.len())?;
        let added = self.values.add_text(text);
        self.fits(added)
    }

    /// Keeps a payload.
    fn payload<E: serde::de::Error>(&mut self, node: Node) -> Result<Place, E> {
        self.charge_values(1)?;
        let added = self.values.add(node);
        self.fits(added)
    }

    /// Room for parts whose number is known.
    fn room<E: serde::de::Error>(&mut self, count: usize) -> Result<Span, E> {
        self.charge_values(count)?;
        let added = self.values.room(count);
        self.fits(added)
    }

    /// Closes the array that began here: its elements become parts of a value.
    fn close<E: serde::de::Error>(&mut self, began: usize) -> Result<Node, E> {
        let added = self.values.add_parts(self.open.drain(began.min(self.open.len())..));
        self.fits(added)
    }

    /// A part of the text that was set aside and turns out not to be JSON.
    fn fail_in<E: serde::de::Error>(&mut self, part: &str, error: &serde_json::Error) -> E {
        if self.fatal.is_none() {
            let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
            self.fatal = Some(not_json(error, position(self.text.as_bytes(), offset)));
        }
        E::custom("a part is not JSON")
    }
}

/// Refuses nesting before anything is built. Brackets within strings do not count.
fn check_depth(json: &[u8], max_depth: u32) -> Result<(), Refusal> {
    // Most documents have fewer brackets in all, which is seen much sooner than how they nest.
    let most = usize::try_from(max_depth).unwrap_or(usize::MAX);
    if memchr::memchr2_iter(b'[', b'{', json).nth(most).is_none() {
        return Ok(());
    }
    let mut depth: u32 = 0;
    let mut in_string = false;
    let mut escaped = false;
    for (at, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                if depth > max_depth {
                    let (line, column) = position(json, at);
                    let message = format!("nests deeper than {max_depth} levels at line {line}, column {column}");
                    return Err(Refusal::whole(ProblemCode::TooDeep, message));
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Ok(())
}

/// Line and column, both from 1 and the column in bytes, of an offset.
fn position(json: &[u8], offset: usize) -> (usize, usize) {
    let before = json.get(..offset).unwrap_or(json);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    (line, column)
}

/// The parser's own words are fixed phrases about the grammar; they hold nothing of the text.
fn not_json(error: &serde_json::Error, (line, column): (usize, usize)) -> Refusal {
    let words = error.to_string();
    let what = words.rsplit_once(" at line ").map_or(words.as_str(), |(what, _)| what);
    let what = if error.is_eof() { "it ends too early" } else { what };
    let column = if error.line() <= 1 { column + error.column().saturating_sub(1) } else { error.column().max(1) };
    let line = line + error.line().saturating_sub(1);
    Refusal::whole(ProblemCode::NotJson, format!("not JSON: {what} at line {line}, column {column}"))
}
