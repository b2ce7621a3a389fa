//! `[[delivery.lanes]]`: exchanges that are delivered one at a time, in the order in which they were accepted.
//!
//! ```toml
//! [[delivery.lanes]]
//! functions = ["documents/send", "documents/withdraw"]
//! by = "/document/id"                   # a JSON pointer (RFC 6901) into the parameters
//! [[delivery.lanes]]                    # or, where the value stands elsewhere in each function
//! by = { "dossiers/submit" = "/dossier/code", "dossiers/report" = "/code" }
//! ```
//!
//! Without lanes every exchange is on its own. Invariant: a function is in one lane at most, and an exchange of a function with a lane
//! always has a key: what cannot be put into order is refused when it is accepted, not delivered out of order.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use toml::de::DeValue;

use crate::callers::FunctionRef;
use crate::denial::{Denial, DenialCode};
use crate::mistakes::Invalid;
use crate::names::{ServiceName, checked_text, quoted};
use crate::policy::check_served;
use crate::reader::{Node, Table};

/// Longest value that puts an exchange into order, in bytes. It becomes a key of a database.
const LONGEST: usize = 256;

checked_text!(
    /// A JSON pointer (RFC 6901) to one value inside the parameters; never the parameters as a whole.
    Pointer,
    pointer
);

/// Functions whose exchanges keep their order, for each value of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    /// Where the value stands in the parameters of each function; never empty.
    pub by: BTreeMap<FunctionRef, Pointer>,
}

impl Lane {
    /// The key of an exchange: exchanges of one key keep their order. `None` where the function is not of this lane.
    ///
    /// The key is the first function of the lane and the value, so that equal values of two lanes do not meet, and a lane that is added
    /// to the policy does not change the keys of the others. A number and the same number as text are one value, because a contract
    /// takes both for a 64-bit integer.
    pub(crate) fn key(&self, service: &str, function: &str, parameters: &Value) -> Option<Result<String, Denial>> {
        let of_function =
            |(named, _): &(&FunctionRef, _)| named.service.as_str() == service && named.function.as_str() == function;
        let (named, by) = self.by.iter().find(of_function)?;
        let (first, _) = self.by.first_key_value()?;
        let refused = |what: &str| {
            Denial::new(
                DenialCode::LaneValue,
                format!(
                    "{} of the parameters of `{named}` {what}, so the exchange has no place in its lane",
                    quoted(by)
                ),
                format!("the caller must say it; `delivery.lanes` puts `{named}` into order by it"),
            )
        };
        Some(value_text(parameters.pointer(by)).map(|value| format!("{first} {value}")).map_err(refused))
    }
}

/// The value as the text of a key, or what is wrong with it.
fn value_text(value: Option<&Value>) -> Result<String, &'static str> {
    let text = match value {
        None | Some(Value::Null) => return Err("is missing"),
        Some(Value::Array(_) | Value::Object(_)) => return Err("is not a single value"),
        Some(Value::String(text)) => text.clone(),
        Some(scalar) => scalar.to_string(),
    };
    match text {
        long if long.len() > LONGEST => Err("is longer than 256 bytes"),
        // Not every database keeps them in a text.
        strange if strange.chars().any(char::is_control) => Err("has control characters"),
        text => Ok(text),
    }
}

/// Reads `lanes`; the services are those of the same policy. Their order in the file has no meaning.
pub(crate) fn read_all(delivery: &Table<'_>, services: &BTreeSet<ServiceName>) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for node in delivery.get("lanes").and_then(|node| node.list()).unwrap_or_default() {
        let Some(table) = node.table() else {
            continue;
        };
        let lane = read(&table, |text| {
            let function: FunctionRef = text.parse()?;
            check_served(&function.service, services)?;
            if lanes.iter().any(|lane| lane.by.contains_key(&function)) {
                return Err(Invalid::new(format!("`{function}` is in a lane already"), "keep it in one of them"));
            }
            Ok(function)
        });
        table.finish();
        lanes.extend(lane);
    }
    lanes.sort();
    lanes
}

fn read(table: &Table<'_>, function: impl Fn(&str) -> Result<FunctionRef, Invalid>) -> Option<Lane> {
    let list = table.get("functions");
    let functions = list.as_ref().map(|node| node.set(&function));
    let by = table.required("by", "write where the value stands, such as `by = \"/document/id\"`")?;
    let by = if let DeValue::Table(_) = by.value() {
        if let Some(list) = list {
            list.wrong_key(Invalid::new("names functions, as `by` does", "keep one of the two"));
        }
        read_each(&by, function)
    } else {
        let hint = "name them, such as `functions = [\"documents/send\"]`";
        if functions.is_none() {
            table.required("functions", hint);
        }
        let pointer: Option<Pointer> = by.parse(str::parse);
        if let Some(list) = list.filter(|_| functions.as_ref().is_some_and(Vec::is_empty)) {
            // A list whose every item is wrong has been told already.
            if list.list().is_some_and(|items| items.is_empty()) {
                list.wrong(Invalid::new("is empty, so the lane would put nothing into order", hint));
            }
        }
        let pointer = pointer?;
        functions?.into_iter().map(|function| (function, pointer.clone())).collect()
    };
    (!by.is_empty()).then_some(Lane { by })
}

/// A place for each function.
fn read_each(
    node: &Node<'_>,
    function: impl Fn(&str) -> Result<FunctionRef, Invalid>,
) -> BTreeMap<FunctionRef, Pointer> {
    let mut by = BTreeMap::new();
    let Some(table) = node.table() else {
        return by;
    };
    for (name, node) in table.entries() {
        let pointer = node.parse(str::parse);
        match function(name) {
            Err(invalid) => node.wrong_key(invalid),
            Ok(function) => by.extend(pointer.map(|pointer| (function, pointer))),
        }
    }
    if table.entries().next().is_none() {
        node.wrong(Invalid::new("is empty, so the lane would put nothing into order", "name a function and its value"));
    }
    by
}

fn pointer(text: &str) -> Result<String, Invalid> {
    let wrong = |what: &str| {
        let hint = "write the steps to the value, each after a slash, such as `/document/id`";
        Err(Invalid::new(format!("{} is not a JSON pointer to a value: {what}", quoted(text)), hint))
    };
    if text.chars().any(char::is_control) {
        return wrong("it has control characters");
    }
    let Some(steps) = text.strip_prefix('/') else {
        return wrong("it does not begin with a slash");
    };
    // RFC 6901: `~0` stands for `~`, `~1` for `/`.
    if steps.split('~').skip(1).any(|after| !after.starts_with(['0', '1'])) {
        return wrong("`~` stands before `0` or `1` only");
    }
    Ok(text.to_owned())
}
