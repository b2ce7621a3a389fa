//! Comparing what a caller believes with what the register says. Only verdicts leave this file.

use forms::Date;
use guest::dates::BirthDate;

use crate::contract::{Citizen, Claims, IdentityNumber, Place, Verdict, Verification};
use crate::name;

/// Compare with the citizen of that number, or with the first if none has it.
pub(crate) fn compare(claims: &Claims, citizens: &[Citizen]) -> Option<Verification> {
    let has_number = |citizen: &&Citizen| number(&claims.number, citizen) == Verdict::Match;
    let citizen = citizens.iter().find(has_number).or(citizens.first())?;
    let text = |claimed: &Option<String>, known: &Option<String>| {
        claimed.as_ref().map(|claimed| same_text(claimed, known.as_deref()))
    };
    let at =
        |claimed: &Option<Place>, known: &Option<Place>| claimed.as_ref().map(|claimed| place(claimed, known.as_ref()));
    Some(Verification {
        number: number(&claims.number, citizen),
        full_name: match name::full(&citizen.name) {
            Some(known) => verdict(name::same(&claims.full_name, &known)),
            None => Verdict::Unknown,
        },
        birth: birth(&claims.birth, citizen.birth.as_ref()),
        other_number: claims.other_number.as_ref().map(|claimed| number(claimed, citizen)),
        gender: text(&claims.gender, &citizen.gender),
        nationality: text(&claims.nationality, &citizen.nationality),
        permanent_residence: at(&claims.permanent_residence, &citizen.permanent_residence),
        current_residence: at(&claims.current_residence, &citizen.current_residence),
    })
}

/// What can be said when the register itself compared number, name and date of birth, and they fit.
pub(crate) fn confirmed(claims: &Claims) -> Verification {
    let unknown = |made: bool| made.then_some(Verdict::Unknown);
    Verification {
        number: Verdict::Match,
        full_name: Verdict::Match,
        birth: Verdict::Match,
        other_number: unknown(claims.other_number.is_some()),
        gender: unknown(claims.gender.is_some()),
        nationality: unknown(claims.nationality.is_some()),
        permanent_residence: unknown(claims.permanent_residence.is_some()),
        current_residence: unknown(claims.current_residence.is_some()),
    }
}

fn verdict(same: bool) -> Verdict {
    if same { Verdict::Match } else { Verdict::Mismatch }
}

fn same_text(claimed: &str, known: Option<&str>) -> Verdict {
    known.map_or(Verdict::Unknown, |known| verdict(claimed.trim() == known.trim()))
}

fn number(claimed: &IdentityNumber, citizen: &Citizen) -> Verdict {
    match claimed {
        IdentityNumber::PersonalId(claimed) => same_text(claimed, citizen.personal_id.as_deref()),
        IdentityNumber::IdentityCard(claimed) => same_text(claimed, citizen.identity_card.as_deref()),
    }
}

fn birth(claimed: &BirthDate, known: Option<&BirthDate>) -> Verdict {
    let year = |birth: &BirthDate| match birth {
        BirthDate::Year(year) => Some(*year),
        BirthDate::Date(date) => Date::iso(date).map(Date::year),
    };
    match (claimed, known) {
        (_, None) => Verdict::Unknown,
        (BirthDate::Date(claimed), Some(BirthDate::Date(known))) => verdict(claimed == known),
        // The register knows the year only: another year is wrong, the same one says nothing about the day.
        (BirthDate::Date(_), Some(known)) if year(claimed) == year(known) => Verdict::Unknown,
        (_, Some(known)) => verdict(year(claimed) == year(known)),
    }
}

/// A mismatch in one member is a mismatch of the place; else one unknown member makes it unknown.
fn place(claimed: &Place, known: Option<&Place>) -> Verdict {
    let Some(known) = known else { return Verdict::Unknown };
    let pairs = [
        (&claimed.province, &known.province),
        (&claimed.district, &known.district),
        (&claimed.commune, &known.commune),
        (&claimed.country, &known.country),
    ];
    let mut verdicts: Vec<Verdict> =
        pairs.into_iter().filter_map(|(c, k)| Some(same_text(c.as_deref()?, k.as_deref()))).collect();
    if let Some(claimed) = &claimed.detail {
        let same = known.detail.as_ref().map(|known| verdict(name::same(claimed, known)));
        verdicts.push(same.unwrap_or(Verdict::Unknown));
    }
    if verdicts.contains(&Verdict::Mismatch) {
        Verdict::Mismatch
    } else if verdicts.is_empty() || verdicts.contains(&Verdict::Unknown) {
        Verdict::Unknown
    } else {
        Verdict::Match
    }
}
