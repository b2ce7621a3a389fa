//! What the register answers, and what becomes of it.

use guest::dates::BirthDate;
use guest::endpoints::FailureCode;
use guest::fake::Fake;
use guest::faults::{Fault, FaultCode};
use proptest::prelude::*;

use super::{CITIZEN, collection, envelope, find};
use crate::Register;
use crate::contract::Citizen;

fn ask(host: &Fake) -> Result<Vec<Citizen>, Fault> {
    Register::new(host)?.find(&find())
}

#[test]
fn a_citizen_is_taken_over_whole() {
    let host = Fake::answering(200, "text/xml", collection(CITIZEN));
    let citizens = ask(&host).unwrap();
    let [citizen] = citizens.as_slice() else { panic!() };
    assert_eq!(citizen.personal_id.as_deref(), Some("999201000001"));
    assert_eq!(citizen.identity_card, None);
    let parts = (citizen.name.family.as_deref(), citizen.name.middle.as_deref(), citizen.name.given.as_deref());
    assert_eq!(parts, (Some("NGUYỄN"), Some("THỊ MINH"), Some("ÁNH")));
    assert_eq!(citizen.birth, Some(BirthDate::Date("2001-02-03".into())));
    assert_eq!((&citizen.origin, &citizen.spouse), (&None, &None));
    let home = citizen.permanent_residence.as_ref().unwrap();
    assert_eq!(home.detail.as_deref(), Some("Số 7 \"Nhà Cổ\", ngõ A&B <cũ>"));
    assert_eq!((home.province.as_deref(), home.district.as_deref()), (Some("99"), None));
    let father = citizen.father.as_ref().unwrap();
    assert_eq!(father.name.whole.as_deref(), Some("NGUYỄN VĂN AN"));
    let head = citizen.household_head.as_ref().unwrap();
    assert_eq!((head.name.whole.as_deref(), head.relation.as_deref()), (Some("NGUYỄN VĂN AN"), Some("CH02")));
    assert_eq!(citizen.household_book.as_deref(), Some("990000401"));
}

#[test]
fn only_the_newer_version_puts_the_name_together() {
    let host = Fake::answering(200, "text/xml", collection(CITIZEN));
    let expected = cfg!(feature = "v1-1").then_some("NGUYỄN THỊ MINH ÁNH");
    assert_eq!(ask(&host).unwrap()[0].display_name.as_deref(), expected);
}

#[test]
fn births_known_in_part() {
    let birth = |inner: &str| {
        let citizen = format!("<CongDan><NgayThangNamSinh>{inner}</NgayThangNamSinh></CongDan>");
        ask(&Fake::answering(200, "text/xml", collection(&citizen))).unwrap().remove(0).birth
    };
    assert_eq!(birth("<Nam>1950</Nam><NgayThangNam/>"), Some(BirthDate::Year(1950)));
    assert_eq!(birth("<Nam>1950</Nam><NgayThangNam>19500230</NgayThangNam>"), Some(BirthDate::Year(1950)));
    assert_eq!(birth("<NgayThangNam>19500228</NgayThangNam>"), Some(BirthDate::Date("1950-02-28".into())));
    assert_eq!(birth(""), None);
}

#[test]
fn every_bad_answer_has_its_fault() {
    let soap_fault = |code: &str, detail: &str| {
        envelope(&format!(
            "<soapenv:Fault><faultcode>soapenv:{code}</faultcode><faultstring>Nguyễn 999201000001</faultstring>\
             <detail><r><code>{detail}</code></r></detail></soapenv:Fault>"
        ))
    };
    let nobody = collection("");
    let wso2 = "{\"fault\":{\"code\":900901,\"message\":\"Invalid Credentials\"}}".to_owned();
    let table = [
        (200, nobody, FaultCode::NotFound, None),
        (200, collection("<CongDan/>"), FaultCode::NotFound, None),
        (200, "\u{1}garbage".into(), FaultCode::UpstreamInvalid, None),
        (200, String::new(), FaultCode::UpstreamInvalid, None),
        (200, envelope(""), FaultCode::UpstreamInvalid, None),
        (200, envelope("<a/>"), FaultCode::UpstreamInvalid, None),
        (200, "<html><body>login</body></html>".into(), FaultCode::UpstreamInvalid, None),
        (401, wso2, FaultCode::UpstreamRefused, Some("900901")),
        (502, "<html/>".into(), FaultCode::UpstreamUnavailable, Some("502")),
        (500, envelope(""), FaultCode::UpstreamUnavailable, Some("500")),
        (500, soap_fault("Client", "WRONG_KEY"), FaultCode::UpstreamRefused, Some("WRONG_KEY")),
        (200, soap_fault("Client", "MISSING_FIELD"), FaultCode::UpstreamInvalid, Some("MISSING_FIELD")),
        (500, soap_fault("Server", "7"), FaultCode::UpstreamUnavailable, Some("7")),
        (500, soap_fault("Server", "Nguyễn Văn"), FaultCode::UpstreamUnavailable, Some("Server")),
    ];
    for (status, body, code, upstream_code) in table {
        let host = Fake::answering(status, "text/xml", body.clone());
        let fault = ask(&host).unwrap_err();
        assert_eq!((fault.code, fault.upstream_code.as_deref()), (code, upstream_code), "{status} {body}");
    }
}

#[test]
fn the_operator_can_say_what_a_code_means() {
    let body = envelope(
        "<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring/><detail><MaLoi>17</MaLoi></detail></soapenv:Fault>",
    );
    let host = Fake::answering(500, "text/xml", body.clone()).with("fault.17", "denied");
    assert_eq!(ask(&host).unwrap_err().code, FaultCode::Denied);
    let host = Fake::answering(500, "text/xml", body).with("fault.17", "nonsense");
    let fault = ask(&host).unwrap_err();
    assert!(fault.message.contains("`fault.17`"), "{}", fault.message);
}

#[test]
fn no_answer_is_a_fault_too() {
    let host = Fake::failing(FailureCode::Timeout, true);
    assert_eq!(ask(&host).unwrap_err().code, FaultCode::UpstreamTimeout);
}

/// Nothing of the person, the officer or the answer may reach a log line or a fault.
#[test]
fn logs_and_faults_hold_no_personal_data() {
    let fault = "<soapenv:Fault><faultcode>soapenv:Client</faultcode><faultstring>Nguyễn Thị Minh Ánh 999201000001 canbo01</faultstring></soapenv:Fault>";
    let bodies = [
        collection(CITIZEN),
        collection(""),
        envelope(fault),
        "999201000001 Nguyễn Thị Minh Ánh".into(),
        "<a>999201000001 &Nguyễn;</a>".into(),
        collection("<CongDan>999201000001"),
        envelope("<a>999201000001</a>"),
    ];
    for body in bodies {
        for status in [200, 400, 500] {
            let host = Fake::answering(status, "text/xml", body.clone());
            let mut seen = host.lines.borrow().join("\n");
            if let Err(fault) = ask(&host) {
                seen.push_str(&format!("{fault:?}"));
            }
            seen.push_str(&host.lines.borrow().join("\n"));
            for secret in ["9992", "Nguy", "NGUY", "canbo01", "CB-7", "2001"] {
                assert!(!seen.contains(secret), "`{secret}` in {seen}");
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_answers_never_panic(status in 100u16..600, body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = ask(&Fake::answering(status, "text/xml", body));
    }

    #[test]
    fn damaged_answers_never_panic(at in any::<prop::sample::Index>(), with in ".{0,5}") {
        let mut body = collection(CITIZEN);
        let mut at = at.index(body.len());
        while !body.is_char_boundary(at) { at -= 1; }
        body.insert_str(at, &with);
        let _ = ask(&Fake::answering(200, "text/xml", body));
    }
}
