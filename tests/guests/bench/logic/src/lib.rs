//! The work of the benchmark: a dossier is checked and becomes a receipt. The same code runs natively and in the sandbox,
//! so that contenders differ in nothing but what carries them.

#![no_std]

extern crate alloc;

mod check;
#[cfg(feature = "json")]
pub mod json;
mod typed;

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
#[cfg(feature = "json")]
use serde::{Deserialize, Serialize};

/// How a dossier was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "kebab-case"))]
pub enum Channel {
    /// On the portal.
    Online,
    /// At the counter.
    Counter,
    /// By post.
    Post,
}

/// Who hands it in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "camelCase", deny_unknown_fields))]
pub struct Applicant {
    /// The full name.
    pub name: String,
    /// Twelve digits.
    pub id_number: String,
    /// The day of birth, `yyyy-MM-dd`.
    pub born: String,
    /// The postal address.
    pub address: String,
    /// Digits only.
    #[cfg_attr(feature = "json", serde(default, skip_serializing_if = "Option::is_none"))]
    pub telephone: Option<String>,
}

/// A paper that is part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "camelCase", deny_unknown_fields))]
pub struct Paper {
    /// What it is.
    pub name: String,
    /// How many pages, from 1 to 1000.
    pub pages: u32,
    /// Whether it is an original.
    pub original: bool,
}

/// A fee.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "camelCase", deny_unknown_fields))]
pub struct Fee {
    /// What for.
    pub name: String,
    /// Đồng.
    pub amount: u32,
}

/// A dossier.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "camelCase", deny_unknown_fields))]
pub struct Dossier {
    /// Capitals, digits, points and dashes, at most 40.
    pub code: String,
    /// The code of the procedure.
    pub procedure: String,
    /// The code of the agency.
    pub agency: String,
    /// How it was handed in.
    pub channel: Channel,
    /// The day it was handed in, `yyyy-MM-dd`.
    pub submitted: String,
    /// Who hands it in.
    pub applicant: Applicant,
    /// One at the least.
    pub papers: Vec<Paper>,
    /// May be none.
    pub fees: Vec<Fee>,
}

/// What the applicant gets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "camelCase"))]
pub struct Receipt {
    /// As in the dossier.
    pub code: String,
    /// As in the dossier.
    pub procedure: String,
    /// The name of the agency where it was asked for, otherwise its code.
    pub agency: String,
    /// As in the dossier.
    pub channel: Channel,
    /// The name in capitals.
    pub applicant: String,
    /// The day of birth, `dd/MM/yyyy`.
    pub born: String,
    /// The names of the papers.
    pub papers: Vec<String>,
    /// All pages.
    pub pages: u32,
    /// How many papers are originals.
    pub originals: u32,
    /// All fees, đồng.
    pub total: u32,
    /// The day it is due, `dd/MM/yyyy`.
    pub due: String,
}

/// What a list of papers comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "json", derive(Serialize, Deserialize), serde(rename_all = "camelCase"))]
pub struct Summary {
    /// How many.
    pub papers: u32,
    /// All pages.
    pub pages: u32,
    /// How many are originals.
    pub originals: u32,
}

/// Why there is no receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// What was sent is wrong.
    Invalid(String),
    /// The register of agencies does not answer, or not what it should.
    Register(String),
}

impl Trouble {
    /// It in words.
    #[must_use]
    pub fn message(self) -> String {
        match self {
            Self::Invalid(message) | Self::Register(message) => message,
        }
    }
}

/// Days from handing in to the day it is due.
const DAYS: u32 = 15;

/// Check a dossier and write its receipt.
///
/// # Errors
/// What is wrong with it.
pub fn convert(dossier: Dossier) -> Result<Receipt, Trouble> {
    check::code("code", &dossier.code)?;
    check::code("procedure", &dossier.procedure)?;
    check::code("agency", &dossier.agency)?;
    let submitted = check::Day::read("submitted", &dossier.submitted)?;
    let applicant = dossier.applicant;
    check::digits("idNumber", &applicant.id_number, 12..=12)?;
    check::filled("name", &applicant.name)?;
    check::filled("address", &applicant.address)?;
    if let Some(telephone) = &applicant.telephone {
        check::digits("telephone", telephone, 8..=12)?;
    }
    let born = check::Day::read("born", &applicant.born)?;
    let Summary { pages, originals, .. } = summarize(&dossier.papers)?;
    let mut total = 0_u32;
    for fee in &dossier.fees {
        check::filled("fees/name", &fee.name)?;
        total = total.checked_add(fee.amount).ok_or_else(|| Trouble::Invalid("the fees are too high".to_owned()))?;
    }
    Ok(Receipt {
        code: dossier.code,
        procedure: dossier.procedure,
        agency: dossier.agency,
        channel: dossier.channel,
        applicant: applicant.name.to_uppercase(),
        born: born.show(),
        papers: dossier.papers.into_iter().map(|paper| paper.name).collect(),
        pages,
        originals,
        total,
        due: submitted.later(DAYS).show(),
    })
}

/// Check papers and add them up.
///
/// # Errors
/// What is wrong with them.
pub fn summarize(papers: &[Paper]) -> Result<Summary, Trouble> {
    let mut summary = Summary { papers: 0, pages: 0, originals: 0 };
    for paper in papers {
        check::filled("papers/name", &paper.name)?;
        if !(1..=1000).contains(&paper.pages) {
            return Err(Trouble::Invalid(format!("`papers/pages` is from 1 to 1000, not {}", paper.pages)));
        }
        summary.papers += 1;
        summary.pages = summary.pages.saturating_add(paper.pages);
        summary.originals += u32::from(paper.original);
    }
    if summary.papers == 0 { Err(Trouble::Invalid("`papers` is empty".to_owned())) } else { Ok(summary) }
}
