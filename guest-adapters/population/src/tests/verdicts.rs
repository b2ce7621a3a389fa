//! `verify`: verdicts and nothing else, by either operation.

use guest::dates::BirthDate;
use guest::fake::Fake;
use guest::faults::FaultCode;

use super::{CITIZEN, collection, envelope, verification};
use crate::Register;
use crate::contract::{Claims, IdentityNumber, Place, Verdict, Verification};

fn verify(change: impl FnOnce(&mut Claims)) -> Verification {
    let host = Fake::answering(200, "text/xml", collection(CITIZEN));
    let mut asked = verification();
    change(&mut asked.claims);
    Register::new(&host).unwrap().verify(&asked).unwrap()
}

#[test]
fn what_fits_matches_and_what_was_not_claimed_is_not_judged() {
    let all = verify(|_| {});
    let main = (all.number, all.full_name, all.birth);
    assert_eq!(main, (Verdict::Match, Verdict::Match, Verdict::Match));
    let rest = (all.other_number, all.gender, all.nationality, all.permanent_residence, all.current_residence);
    assert_eq!(rest, (None, None, None, None, None));
}

#[test]
fn every_claim_is_judged_by_itself() {
    assert_eq!(verify(|c| c.full_name = "Nguyễn Thị Minh Anh".into()).full_name, Verdict::Mismatch);
    assert_eq!(verify(|c| c.birth = BirthDate::Year(2001)).birth, Verdict::Match);
    assert_eq!(verify(|c| c.birth = BirthDate::Year(2002)).birth, Verdict::Mismatch);
    assert_eq!(verify(|c| c.birth = BirthDate::Date("2001-02-04".into())).birth, Verdict::Mismatch);
    assert_eq!(verify(|c| c.number = IdentityNumber::PersonalId("999201000002".into())).number, Verdict::Mismatch);
    let card = || Some(IdentityNumber::IdentityCard("990001000".into()));
    assert_eq!(verify(|c| c.other_number = card()).other_number, Some(Verdict::Unknown));
    assert_eq!(verify(|c| c.gender = Some("2".into())).gender, Some(Verdict::Match));
    assert_eq!(verify(|c| c.gender = Some("1".into())).gender, Some(Verdict::Mismatch));
    assert_eq!(verify(|c| c.nationality = Some("VN".into())).nationality, Some(Verdict::Match));
}

#[test]
fn places_are_compared_in_the_members_that_are_given() {
    let place = |province: &str, district: Option<&str>| {
        Some(Place {
            province: Some(province.into()),
            district: district.map(Into::into),
            commune: None,
            detail: None,
            country: None,
        })
    };
    assert_eq!(verify(|c| c.permanent_residence = place("99", None)).permanent_residence, Some(Verdict::Match));
    assert_eq!(verify(|c| c.permanent_residence = place("98", Some("1"))).permanent_residence, Some(Verdict::Mismatch));
    assert_eq!(verify(|c| c.permanent_residence = place("99", Some("1"))).permanent_residence, Some(Verdict::Unknown));
    assert_eq!(verify(|c| c.current_residence = place("99", None)).current_residence, Some(Verdict::Unknown));
}

#[test]
fn a_year_alone_at_the_register_leaves_the_day_open() {
    let citizen = CITIZEN.replace("<NgayThangNam>20010203</NgayThangNam>", "");
    let host = Fake::answering(200, "text/xml", collection(&citizen));
    let found = Register::new(&host).unwrap().verify(&verification()).unwrap();
    assert_eq!(found.birth, Verdict::Unknown);
}

#[test]
fn the_registers_own_comparison_when_configured() {
    let answer = |exists: &str| {
        let content = format!(
            "<KetQuaXacThuc xmlns=\"http://www.mic.gov.vn/dancu/1.0\"><TonTai>{exists}</TonTai></KetQuaXacThuc>"
        );
        Fake::answering(200, "text/xml", envelope(&content)).with("verify-operation", "XacThucThongTinCongDan")
    };
    let mut asked = verification();
    asked.claims.gender = Some("1".into());
    let host = answer("true");
    let found = Register::new(&host).unwrap().verify(&asked).unwrap();
    assert_eq!((found.number, found.full_name, found.gender), (Verdict::Match, Verdict::Match, Some(Verdict::Unknown)));
    assert!(host.last_body().contains("<XacThucThongTinCongDan xmlns=\"http://dancuquocgia.bca\">"));
    assert_eq!(Register::new(&answer("false")).unwrap().verify(&asked).unwrap_err().code, FaultCode::NotFound);
    assert_eq!(Register::new(&answer("?")).unwrap().verify(&asked).unwrap_err().code, FaultCode::UpstreamInvalid);
}

#[test]
fn nobody_is_not_found() {
    let host = Fake::answering(200, "text/xml", collection(""));
    assert_eq!(Register::new(&host).unwrap().verify(&verification()).unwrap_err().code, FaultCode::NotFound);
}
