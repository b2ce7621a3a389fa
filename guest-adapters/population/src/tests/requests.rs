//! What is sent, and what is refused before anything is sent.

use guest::dates::BirthDate;
use guest::fake::{EXCHANGE, Fake};
use guest::faults::FaultCode;

use super::{CITIZEN, collection, find};
use crate::Register;
use crate::contract::{FindRequest, IdentityNumber};

fn host() -> Fake {
    Fake::answering(200, "text/xml", collection(CITIZEN))
}

/// The fields of the request that was sent, in order, as `Name=value`.
fn fields(host: &Fake) -> Vec<String> {
    let body = host.last_body();
    let document = xml::read(body.as_bytes(), &xml::Limits::default()).unwrap();
    let body = document.root.children.iter().find(|child| child.local == "Body").unwrap();
    let operation = &body.children[0];
    assert!(operation.is("http://dancuquocgia.bca", "TraCuuThongTinCongDan"));
    let mut fields = Vec::new();
    for child in &operation.children {
        assert_eq!(child.namespace.as_deref(), Some("http://dancuquocgia.bca"));
        let inner = child.children.first().map(|inner| format!("{}:", inner.local));
        let text = child.children.first().unwrap_or(child).trimmed();
        fields.push(format!("{}={}{text}", child.local, inner.unwrap_or_default()));
    }
    fields
}

#[test]
fn a_request_carries_officer_and_purpose_in_the_order_of_the_service() {
    let host = host();
    Register::new(&host).unwrap().find(&find()).unwrap();
    let expected = [
        &format!("MaYeuCau={EXCHANGE}"),
        "MaDVC=VPCP",
        "MaTichHop=037",
        "MaCanBo=CB-7",
        "MaDonVi=H40.01",
        "TaiKhoan=canbo01",
        "SoDinhDanh=999201000001",
        "HoVaTen=Nguyễn Thị Minh Ánh",
        "NgayThangNamSinh=NgayThangNam:20010203",
    ];
    assert_eq!(fields(&host), expected);
    let requests = host.requests.borrow();
    let (endpoint, request) = &requests[0];
    assert_eq!(
        (endpoint.as_str(), request.method.as_str(), request.path.as_str()),
        ("population-db", "POST", "/tracuu")
    );
    assert_eq!(host.last_header("SOAPAction").as_deref(), Some("\"\""));
    assert_eq!(host.last_header("Content-Type").as_deref(), Some("text/xml; charset=utf-8"));
}

#[test]
fn settings_replace_the_defaults() {
    let host = host()
        .with("path", "/v2/tracuu")
        .with("soap-action", "\"urn:find\"")
        .with("integration-code", "112")
        .with("unit-code", "H41")
        .with("service-code.cu-tru", "DVC01")
        .for_purpose("cu-tru");
    let mut asked = find();
    asked.officer.unit = Some(" ".into());
    asked.officer.phone = Some("0000.000.111".into());
    asked.purpose = None;
    asked.request_code = Some("HS-1".into());
    asked.number = IdentityNumber::IdentityCard("990001000".into());
    asked.birth = BirthDate::Year(1950);
    Register::new(&host).unwrap().find(&asked).unwrap();
    let expected = [
        "MaYeuCau=HS-1",
        "MaDVC=DVC01",
        "MaTichHop=112",
        "MaCanBo=CB-7",
        "MaDonVi=H41",
        "TaiKhoan=canbo01",
        "SoDienThoai=0000.000.111",
        "SoCMND=990001000",
        "HoVaTen=Nguyễn Thị Minh Ánh",
        "NgayThangNamSinh=Nam:1950",
    ];
    assert_eq!(fields(&host), expected);
    assert_eq!(host.requests.borrow()[0].1.path, "/v2/tracuu");
    assert_eq!(host.last_header("soapaction").as_deref(), Some("\"urn:find\""));
}

#[test]
fn a_setting_that_makes_no_sense_is_named() {
    let host = host().with("verify-operation", "Other");
    let fault = Register::new(&host).unwrap_err();
    assert_eq!(fault.code, FaultCode::UpstreamRefused);
    assert!(fault.message.contains("`verify-operation`"), "{}", fault.message);
}

#[test]
fn what_cannot_be_asked_is_refused_and_nothing_is_sent() {
    type Change = fn(&mut FindRequest);
    let table: [(&str, Change); 11] = [
        ("`purpose` is missing", |r| r.purpose = Some(" ".into())),
        ("`officer.account`", |r| r.officer.account = String::new()),
        ("`officer.code`", |r| r.officer.code = "\t".into()),
        ("`officer.unit`", |r| r.officer.unit = None),
        ("`request.fullName`", |r| r.full_name = "  ".into()),
        ("longer than 250", |r| r.full_name = "a".repeat(251)),
        ("holds a control character", |r| r.full_name = "a\u{1}b".into()),
        ("has 12 digits", |r| r.number = IdentityNumber::PersonalId("99920100000x".into())),
        ("has 9 or 12 digits", |r| r.number = IdentityNumber::IdentityCard("1".into())),
        ("not a date", |r| r.birth = BirthDate::Date("2001-02-30".into())),
        ("not a year", |r| r.birth = BirthDate::Year(1)),
    ];
    for (expected, change) in table {
        let host = host();
        let mut asked = find();
        change(&mut asked);
        let fault = Register::new(&host).unwrap().find(&asked).unwrap_err();
        assert_eq!(fault.code, FaultCode::InvalidInput);
        assert!(fault.message.contains(expected), "{}", fault.message);
        assert!(host.requests.borrow().is_empty(), "{expected}");
    }
}

#[test]
fn two_purposes_must_agree() {
    let host = host().for_purpose("other");
    let fault = Register::new(&host).unwrap().find(&find()).unwrap_err();
    assert_eq!(fault.code, FaultCode::InvalidInput);
    let host = self::host().for_purpose("VPCP");
    assert!(Register::new(&host).unwrap().find(&find()).is_ok());
}
