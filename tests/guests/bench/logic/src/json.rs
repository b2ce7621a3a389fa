//! The same work from JSON to JSON, for who gets bytes; and what the register of agencies answers.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Dossier, Paper, Receipt, Summary, Trouble};
use serde::{Deserialize, Serialize};

/// The parameters of `convert` and `consult`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneDossier {
    /// The dossier.
    pub dossier: Dossier,
}

/// The parameters of `summarize`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SomePapers {
    /// The papers.
    pub papers: Vec<Paper>,
}

/// What the register of agencies answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Agency {
    /// The code that was asked for.
    pub code: String,
    /// Its name.
    pub name: String,
}

fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Trouble> {
    serde_json::from_slice(bytes).map_err(|error| Trouble::Invalid(format!("the request cannot be read: {error}")))
}

/// The dossier in a request.
///
/// # Errors
/// It does not hold one.
pub fn dossier(request: &[u8]) -> Result<Dossier, Trouble> {
    Ok(read::<OneDossier>(request)?.dossier)
}

/// `summarize`, from the request to its result.
///
/// # Errors
/// What is wrong with it.
pub fn summarize(request: &[u8]) -> Result<Summary, Trouble> {
    super::summarize(&read::<SomePapers>(request)?.papers)
}

/// The path of an agency in the register.
#[must_use]
pub fn path(agency: &str) -> String {
    format!("/agencies/{agency}")
}

/// Put the answer of the register of agencies into the receipt.
///
/// # Errors
/// It is not what was asked for.
pub fn named(mut receipt: Receipt, status: u16, answer: &[u8]) -> Result<Receipt, Trouble> {
    if status != 200 {
        return Err(Trouble::Register(format!("the register of agencies answers {status}")));
    }
    let unreadable = |_| Trouble::Register("the answer of the register of agencies cannot be read".to_owned());
    let agency: Agency = serde_json::from_slice(answer).map_err(unreadable)?;
    if agency.code != receipt.agency {
        return Err(Trouble::Register("the register of agencies answers with another agency".to_owned()));
    }
    receipt.agency = agency.name;
    Ok(receipt)
}
