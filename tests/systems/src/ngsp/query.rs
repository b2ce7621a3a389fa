//! What a request to the register asks, and for whom.
//!
//! Invariant: a [`Query`] exists only with all six accounting fields, a number, a name and a date of birth. The list of
//! accounting fields is known from clients; that the register insists on the others is our own proposal.

use super::{NgspRequest, REQUEST_NAMESPACE as NS, citizen::Citizen, soap::Fault, soap::codes};
use crate::xml::Element;

/// Names and numbers to look for.
#[derive(Debug)]
pub(super) struct Query {
    id: Option<String>,
    old_id: Option<String>,
    name: String,
    birth: AskedBirth,
}

#[derive(Debug)]
enum AskedBirth {
    /// `Nam`: yyyy.
    Year(String),
    /// `NgayThangNam`: yyyyMMdd.
    Day(String),
}

impl Query {
    /// Reads the fields of `operation`, noting the accounting ones in `entry` even when the query is refused.
    pub(super) fn read(operation: &Element, entry: &mut NgspRequest) -> Result<Self, Fault> {
        account(operation, entry)?;
        let id = optional(operation, "SoDinhDanh")?;
        let old_id = optional(operation, "SoCMND")?;
        if id.is_none() && old_id.is_none() {
            let problem = "or SoCMND is missing";
            return Err(Fault::field(codes::MISSING_FIELD, "SoDinhDanh", problem));
        }
        let name = required(operation, "HoVaTen")?;
        let birth = birth(operation)?;
        Ok(Self { id, old_id, name: comparable(&name), birth })
    }

    /// Whether everything that was asked fits `citizen`. A register that told *what* does not fit would let a caller
    /// guess; that it answers mismatches like strangers is our own proposal.
    pub(super) fn fits(&self, citizen: &Citizen) -> bool {
        let id = self.id.as_ref().is_none_or(|id| *id == citizen.id);
        let old_id = self.old_id.is_none() || self.old_id == citizen.old_id;
        let birth = match &self.birth {
            AskedBirth::Year(year) => *year == citizen.birth.year.to_string(),
            AskedBirth::Day(day) => citizen.birth.day.as_ref() == Some(day),
        };
        id && old_id && birth && self.name == comparable(&citizen.full_name())
    }
}

/// Case and spacing do not tell people apart; diacritics do.
fn comparable(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    words.join(" ").to_uppercase()
}

fn account(operation: &Element, entry: &mut NgspRequest) -> Result<(), Fault> {
    let fields = [
        ("MaYeuCau", &mut entry.request_code),
        ("MaDVC", &mut entry.purpose),
        ("MaTichHop", &mut entry.integration),
        ("MaCanBo", &mut entry.officer),
        ("MaDonVi", &mut entry.unit),
        ("TaiKhoan", &mut entry.account),
    ];
    // All are noted before the first missing one is complained about.
    let mut problem = None;
    for (name, slot) in fields {
        match required(operation, name) {
            Ok(value) => *slot = Some(value),
            Err(fault) => problem = problem.or(Some(fault)),
        }
    }
    problem.map_or(Ok(()), Err)
}

fn birth(operation: &Element) -> Result<AskedBirth, Fault> {
    const FIELD: &str = "NgayThangNamSinh";
    let bad = |problem| Err(Fault::field(codes::BAD_FIELD, FIELD, problem));
    let Some(birth) = single(operation, FIELD)? else {
        return Err(Fault::field(codes::MISSING_FIELD, FIELD, "is missing"));
    };
    match (optional(birth, "Nam")?, optional(birth, "NgayThangNam")?) {
        (Some(_), Some(_)) => bad("holds both Nam and NgayThangNam"),
        (Some(year), None) if digits(&year, 4) => Ok(AskedBirth::Year(year)),
        (None, Some(day)) if digits(&day, 8) => Ok(AskedBirth::Day(day)),
        (Some(_), None) => bad("needs Nam as yyyy"),
        (None, Some(_)) => bad("needs NgayThangNam as yyyyMMdd"),
        (None, None) => Err(Fault::field(codes::MISSING_FIELD, FIELD, "is empty")),
    }
}

fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|b| b.is_ascii_digit())
}

fn required(parent: &Element, name: &'static str) -> Result<String, Fault> {
    optional(parent, name)?.ok_or_else(|| Fault::field(codes::MISSING_FIELD, name, "is missing or empty"))
}

/// The text of a field; empty counts as absent, because clients send empty elements for what they do not know.
fn optional(parent: &Element, name: &'static str) -> Result<Option<String>, Fault> {
    let text = single(parent, name)?.map(|field| field.text().to_owned());
    Ok(text.filter(|text| !text.is_empty()))
}

fn single<'a>(parent: &'a Element, name: &'static str) -> Result<Option<&'a Element>, Fault> {
    let mut fields = parent.all(NS, name);
    match (fields.next(), fields.next()) {
        (_, Some(_)) => Err(Fault::field(codes::BAD_FIELD, name, "is repeated")),
        (field, None) => Ok(field),
    }
}
