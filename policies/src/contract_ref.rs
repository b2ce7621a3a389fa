//! The name of a contract: `namespace:package/interface@version`, such as `lgsp:population/register@1.0.0`.
//!
//! Invariant: the version is always there and exact. A contract without a version could change under its callers.

use std::fmt;
use std::str::FromStr;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::mistakes::Invalid;
use crate::names::{kebab, quoted};

/// A WIT interface of one package, in one exact version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContractRef {
    /// Who publishes the package: `lgsp`.
    pub namespace: String,
    /// The package: `population`.
    pub package: String,
    /// The interface in the package: `register`.
    pub interface: String,
    /// The version of the package.
    pub version: Version,
}

impl FromStr for ContractRef {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = |reason: String| {
            Invalid::new(
                format!("{} is not a contract: {reason}", quoted(text)),
                "write `namespace:package/interface@version`, such as `lgsp:population/register@1.0.0`",
            )
        };
        let (path, version) = text.split_once('@').ok_or_else(|| wrong("the version is missing".to_owned()))?;
        let (package, interface) = path.split_once('/').ok_or_else(|| wrong("the interface is missing".to_owned()))?;
        let (namespace, package) =
            package.split_once(':').ok_or_else(|| wrong("the namespace is missing".to_owned()))?;
        let part = |part: &str| kebab(part).map_err(|invalid| wrong(invalid.message));
        Ok(Self {
            namespace: part(namespace)?,
            package: part(package)?,
            interface: part(interface)?,
            version: Version::parse(version)
                .map_err(|_| wrong(format!("{} is not a version of three numbers", quoted(version))))?,
        })
    }
}

impl TryFrom<String> for ContractRef {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<ContractRef> for String {
    fn from(contract: ContractRef) -> String {
        contract.to_string()
    }
}

impl fmt::Display for ContractRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { namespace, package, interface, version } = self;
        write!(f, "{namespace}:{package}/{interface}@{version}")
    }
}
