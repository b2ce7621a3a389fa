//! The code tables that outgoing packets are checked against: the known ones, or the operator's.

use edxml::codes::{BUSINESS, PAPER, PRIORITY, RECEIVER, STATUS, STEERING, Table};
use guest::fault;
use guest::faults::{Fault, FaultCode};

/// A table of codes.
#[derive(Debug)]
pub(crate) struct Allowed(Vec<String>);

/// All of them.
#[derive(Debug)]
pub struct Codes {
    pub(crate) priority: Allowed,
    pub(crate) steering: Allowed,
    pub(crate) business: Allowed,
    pub(crate) status: Allowed,
    pub(crate) paper: Allowed,
    pub(crate) receiver: Allowed,
}

impl Codes {
    pub(crate) fn read(settings: guest::Settings<'_>) -> Result<Self, Fault> {
        let table = |key: &str, known: Table| {
            let own = settings.get(key)?;
            Ok::<_, Fault>(own.map_or_else(|| Allowed::known(known), |own| Allowed::listed(&own)))
        };
        Ok(Self {
            priority: table("priority-codes", PRIORITY)?,
            steering: table("steering-codes", STEERING)?,
            business: table("business-codes", BUSINESS)?,
            status: table("status-codes", STATUS)?,
            paper: Allowed::known(PAPER),
            receiver: Allowed::known(RECEIVER),
        })
    }
}

impl Allowed {
    fn known(table: Table) -> Self {
        Self(table.iter().map(|(code, _)| (*code).to_owned()).collect())
    }

    fn listed(text: &str) -> Self {
        let codes = text.split(',').map(str::trim).filter(|code| !code.is_empty());
        Self(codes.map(str::to_owned).collect())
    }

    /// Take a code of the table; blank counts as absent.
    pub(crate) fn take(&self, member: &str, code: Option<String>) -> Result<Option<String>, Fault> {
        let Some(code) = code.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()) else {
            return Ok(None);
        };
        if self.0.contains(&code) {
            return Ok(Some(code));
        }
        let message = format!("`{member}` is not one of the codes {}", self.0.join(", "));
        Err(fault(FaultCode::InvalidInput, message))
    }
}
