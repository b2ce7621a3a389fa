//! `[[smoke]]`: calls made with a new version before it goes live, in the order of the file. One that ends otherwise than expected
//! keeps the old version where it is.
//!
//! ```toml
//! [[smoke]]
//! service = "population"
//! function = "find"
//! body = { id = "000000000000" }        # or the same as JSON text
//! purpose = "smoke"
//! expect = "fault"                      # `ok` by default
//! ```
//!
//! Invariant: a body is a JSON object, as every body of a call is.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};
use toml::de::{DeTable, DeValue};

use crate::mistakes::Invalid;
use crate::names::{FunctionName, Purpose, ServiceName};
use crate::policy::check_served;
use crate::reader::{Node, Table};

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smoke {
    /// The service, one of the same policy.
    pub service: ServiceName,
    /// The function of its contract.
    pub function: FunctionName,
    /// The parameters by name; empty where none are said.
    pub body: Map<String, Value>,
    /// The purpose that is said.
    pub purpose: Option<Purpose>,
    /// What must come out.
    pub expect: Expect,
}

/// What must come out of a smoke call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Expect {
    /// A result.
    #[default]
    Ok,
    /// A fault that the adapter itself answers; a trap or a broken limit is none.
    Fault,
}

impl Expect {
    const WORDS: [(&'static str, Self); 2] = [("ok", Self::Ok), ("fault", Self::Fault)];

    /// The word in the policy.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fault => "fault",
        }
    }
}

/// Reads `[[smoke]]`; the services are those of the same policy.
pub(crate) fn read_all(root: &Table<'_>, services: &BTreeSet<ServiceName>) -> Vec<Smoke> {
    let items = root.get("smoke").and_then(|node| node.list()).unwrap_or_default();
    let read = |node: &Node<'_>| {
        let table = node.table()?;
        let smoke = Smoke::read(&table, services);
        table.finish();
        smoke
    };
    items.iter().filter_map(read).collect()
}

impl Smoke {
    fn read(table: &Table<'_>, services: &BTreeSet<ServiceName>) -> Option<Self> {
        let service = table.required("service", "name a service of this policy").and_then(|node| {
            node.parse(|text| {
                let service: ServiceName = text.parse()?;
                check_served(&service, services).map(|()| service)
            })
        });
        let function = table
            .required("function", "name a function of the service's contract")
            .and_then(|node| node.parse(str::parse));
        let body = table.get("body").map_or(Some(Map::new()), |node| read_body(&node));
        let purpose = table.get("purpose").and_then(|node| node.parse(str::parse));
        let expect = table.get("expect").and_then(|node| node.choice(&Expect::WORDS));
        Some(Self { service: service?, function: function?, body: body?, purpose, expect: expect.unwrap_or_default() })
    }
}

/// Parameters by name: a table, or the JSON text of an object.
pub(crate) fn read_body(node: &Node<'_>) -> Option<Map<String, Value>> {
    if let DeValue::Table(table) = node.value() {
        return object(table).map_err(|invalid| node.wrong(invalid)).ok();
    }
    node.parse(|text| match serde_json::from_str(text) {
        Ok(Value::Object(body)) => Ok(body),
        Ok(_) => Err(Invalid::new("is JSON, but not an object", "write the parameters by name: `{\"id\": \"…\"}`")),
        Err(error) => Err(Invalid::bare(format!("is not JSON: {error}"))),
    })
}

fn object(table: &DeTable<'_>) -> Result<Map<String, Value>, Invalid> {
    table.iter().map(|(key, value)| Ok((key.get_ref().clone().into_owned(), json(value.get_ref())?))).collect()
}

fn json(value: &DeValue<'_>) -> Result<Value, Invalid> {
    let number = |text: &str, hint: &str| Invalid::new(format!("the number `{text}` has no place in JSON"), hint);
    Ok(match value {
        DeValue::String(text) => Value::String(text.clone().into_owned()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Table(table) => Value::Object(object(table)?),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?),
        DeValue::Integer(integer) => {
            let (digits, radix) = (integer.as_str(), integer.radix());
            let signed = i64::from_str_radix(digits, radix).map(Number::from);
            let any = signed.or_else(|_| u64::from_str_radix(digits, radix).map(Number::from));
            Value::Number(any.map_err(|_| number(digits, "write it as text"))?)
        }
        DeValue::Float(float) => {
            let finite = float.as_str().parse().ok().and_then(Number::from_f64);
            Value::Number(finite.ok_or_else(|| number(float.as_str(), "leave it out"))?)
        }
        DeValue::Datetime(date) => {
            let message = format!("the date `{date}` has no place in JSON");
            return Err(Invalid::new(message, format!("write it as text: \"{date}\"")));
        }
    })
}
