//! The operator's settings, by key. Blank counts as absent. A setting that makes no sense is the operator's to mend, so it
//! is `upstream-refused`, and the message names the key.

use crate::fault::{fault, fault_code};
use crate::faults::{Fault, FaultCode};
use crate::host::Host;

/// The settings of a host.
#[derive(Clone, Copy)]
pub struct Settings<'h> {
    host: &'h dyn Host,
}

impl std::fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl<'h> Settings<'h> {
    /// Those of this host.
    #[must_use]
    pub fn of(host: &'h dyn Host) -> Self {
        Self { host }
    }

    /// The setting, if it is there.
    ///
    /// # Errors
    /// The settings cannot be read.
    pub fn get(&self, key: &str) -> Result<Option<String>, Fault> {
        let unreadable = |_| fault(FaultCode::Internal, format!("the setting `{key}` cannot be read"));
        let found = self.host.setting(key).map_err(unreadable)?;
        Ok(found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()))
    }

    /// The setting, or its default.
    ///
    /// # Errors
    /// The settings cannot be read.
    pub fn get_or(&self, key: &str, default: &str) -> Result<String, Fault> {
        Ok(self.get(key)?.unwrap_or_else(|| default.to_owned()))
    }

    /// The setting as one of some words, or the first of them.
    ///
    /// # Errors
    /// It is another word.
    pub fn one_of(&self, key: &str, words: &[&'static str]) -> Result<&'static str, Fault> {
        let Some(found) = self.get(key)? else {
            return Ok(words.first().copied().unwrap_or_default());
        };
        let known = words.iter().find(|word| **word == found);
        known.copied().ok_or_else(|| wrong(key, &format!("must be one of {}", words.join(", "))))
    }

    /// What the operator says an upstream error code means: the setting `fault.CODE`, a fault code of the contract.
    ///
    /// # Errors
    /// It is not a fault code.
    pub fn meaning(&self, code: &str) -> Result<Option<FaultCode>, Fault> {
        let key = format!("fault.{code}");
        let Some(found) = self.get(&key)? else {
            return Ok(None);
        };
        let known = fault_code(&found);
        known.map(Some).ok_or_else(|| wrong(&key, "must be a fault code of the contract, e.g. `denied`"))
    }

    /// A fault that blames a setting.
    #[must_use]
    pub fn wrong(key: &str, problem: &str) -> Fault {
        wrong(key, problem)
    }
}

fn wrong(key: &str, problem: &str) -> Fault {
    fault(FaultCode::UpstreamRefused, format!("the adapter's setting `{key}` {problem}"))
}
