//! `[callers]`: which calling systems may call the services of an adapter, what, and for which purpose.
//!
//! ```toml
//! [callers]
//! allow = ["mot-cua", "cong-dvc"]       # or any-authenticated = true; absent: nobody
//! purposes = ["tthc-ho-tich"]           # only these, and one must be said
//! [callers.only]
//! cong-dvc = ["population/verify"]      # this caller nothing else
//! ```
//!
//! Invariant: absent is denied, and there is no wildcard. That everybody with a key may call takes its own words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::denial::{Denial, DenialCode};
use crate::mistakes::Invalid;
use crate::names::{CallerName, FunctionName, Purpose, ServiceName, quoted};
use crate::policy::check_served;
use crate::reader::Table;

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Callers {
    /// Whether every caller the gateway knows may call.
    pub any_authenticated: bool,
    /// The callers that may call; empty where `any_authenticated` says it all.
    pub allow: BTreeSet<CallerName>,
    /// Callers that may call these functions and no others.
    pub only: BTreeMap<CallerName, BTreeSet<FunctionRef>>,
    /// The purposes that may be said; empty: any.
    pub purposes: BTreeSet<Purpose>,
    /// Whether an exchange must say its purpose. `true` by default where purposes are listed.
    pub require_purpose: bool,
}

/// A function of a service, `population/find`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionRef {
    /// The public name of the service.
    pub service: ServiceName,
    /// The function of its contract.
    pub function: FunctionName,
}

impl FromStr for FunctionRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let Some((service, function)) = text.split_once('/') else {
            return Err(Invalid::new(
                format!("{} does not name a function of a service", quoted(text)),
                "write `service/function`, such as `population/find`",
            ));
        };
        Ok(Self { service: service.parse()?, function: function.parse()? })
    }
}

impl fmt::Display for FunctionRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.function)
    }
}

impl Callers {
    /// Decides a call. `purpose` is the code the caller said, if any.
    pub fn decide(
        &self,
        caller: &CallerName,
        service: &str,
        function: &str,
        purpose: Option<&str>,
    ) -> Result<(), Denial> {
        if !self.any_authenticated && !self.allow.contains(caller) {
            return Err(Denial::new(
                DenialCode::CallerNotAllowed,
                format!("caller `{caller}` may not call service {}", quoted(service)),
                "add it to `callers.allow`",
            ));
        }
        self.decide_function(caller, service, function)?;
        self.decide_purpose(purpose)
    }

    fn decide_function(&self, caller: &CallerName, service: &str, function: &str) -> Result<(), Denial> {
        let Some(only) = self.only.get(caller) else {
            return Ok(());
        };
        let named =
            |granted: &FunctionRef| granted.service.as_str() == service && granted.function.as_str() == function;
        if only.iter().any(named) {
            return Ok(());
        }
        Err(Denial::new(
            DenialCode::FunctionNotAllowed,
            format!("caller `{caller}` may not call {} of service {}", quoted(function), quoted(service)),
            format!("add it to `callers.only.{caller}`"),
        ))
    }

    fn decide_purpose(&self, purpose: Option<&str>) -> Result<(), Denial> {
        // An empty purpose says nothing.
        let Some(purpose) = purpose.filter(|purpose| !purpose.is_empty()) else {
            return if self.require_purpose {
                Err(Denial::new(
                    DenialCode::PurposeMissing,
                    "the exchange does not say its purpose",
                    "the caller must say its purpose code; `callers.require-purpose` demands it",
                ))
            } else {
                Ok(())
            };
        };
        if self.purposes.is_empty() || self.purposes.contains(purpose) {
            return Ok(());
        }
        Err(Denial::new(
            DenialCode::PurposeNotAllowed,
            format!("the purpose {} is not allowed", quoted(purpose)),
            "add it to `callers.purposes`",
        ))
    }

    /// Reads `[callers]`; the services are those of the same policy.
    pub(crate) fn read(root: &Table<'_>, services: &BTreeSet<ServiceName>) -> Self {
        let Some(table) = root.table("callers") else {
            return Self::default();
        };
        let any_authenticated = table.switch("any-authenticated");
        let allow = read_allow(&table, any_authenticated);
        let purposes: BTreeSet<Purpose> =
            table.get("purposes").map(|node| node.set(str::parse)).unwrap_or_default().into_iter().collect();
        let callers = Self {
            only: read_only(&table, |caller| any_authenticated || allow.contains(caller), services),
            any_authenticated,
            allow,
            require_purpose: read_require_purpose(&table, !purposes.is_empty()),
            purposes,
        };
        table.finish();
        callers
    }
}

fn read_allow(table: &Table<'_>, any_authenticated: bool) -> BTreeSet<CallerName> {
    let Some(node) = table.get("allow") else {
        return BTreeSet::new();
    };
    let names = node.set(|text| match text {
        "*" => Err(Invalid::new(
            "there is no wildcard",
            "write `any-authenticated = true` in `[callers]` if every known caller may call",
        )),
        name => name.parse(),
    });
    if any_authenticated && !names.is_empty() {
        node.wrong_key(Invalid::new(
            "names callers although `any-authenticated` lets every one call",
            "keep one of the two",
        ));
    }
    names.into_iter().collect()
}

fn read_only(
    table: &Table<'_>,
    allowed: impl Fn(&CallerName) -> bool,
    services: &BTreeSet<ServiceName>,
) -> BTreeMap<CallerName, BTreeSet<FunctionRef>> {
    let mut only = BTreeMap::new();
    let Some(section) = table.table("only") else {
        return only;
    };
    let served = |text: &str| {
        let function: FunctionRef = text.parse()?;
        check_served(&function.service, services).map(|()| function)
    };
    for (name, node) in section.entries() {
        let functions = node.set(served);
        match name.parse::<CallerName>() {
            Err(invalid) => node.wrong_key(invalid),
            Ok(caller) => {
                if !allowed(&caller) {
                    node.wrong_key(Invalid::new(
                        "narrows a caller that may not call at all",
                        format!("add `{caller}` to `callers.allow`"),
                    ));
                }
                only.insert(caller, functions.into_iter().collect());
            }
        }
    }
    only
}

fn read_require_purpose(table: &Table<'_>, listed: bool) -> bool {
    let Some(node) = table.get("require-purpose") else {
        return listed;
    };
    let required = node.boolean().unwrap_or(listed);
    if listed && !required {
        node.wrong(Invalid::new(
            "purposes are listed, so one must be said",
            "take out `require-purpose`, or the list in `purposes`",
        ));
    }
    required
}
