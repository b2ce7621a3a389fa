//! The population register.

use nhip_systems::{
    Citizen, Ngsp, NgspConfig,
    ngsp::{ANSWER_NAMESPACE, codes},
};
use quick_xml::{events::Event, name::ResolveResult, reader::NsReader};

use crate::support::{Lookup, ask, client, ngsp, token};

/// All leaf texts of an answer as (path of local names below CongDan, text), and proof that they are in the namespace.
fn leaves(answer: &str) -> Vec<(String, String)> {
    let mut reader = NsReader::from_str(answer);
    let (mut path, mut text, mut leaves) = (Vec::new(), String::new(), Vec::new());
    let mut leaf = false;
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        match event {
            Event::Start(start) => {
                let name = start.local_name().into_inner().to_owned();
                if !matches!(name.as_str(), "Envelope" | "Header" | "Body") {
                    assert!(
                        matches!(namespace, ResolveResult::Bound(ns) if ns.into_inner() == ANSWER_NAMESPACE),
                        "{name}"
                    );
                }
                path.push(name);
                text.clear();
                leaf = true;
            }
            Event::Empty(_) => leaf = false,
            Event::Text(t) => text.push_str(&t.into_inner()),
            Event::GeneralRef(r) => match r.resolve_char_ref().unwrap() {
                Some(c) => text.push(c),
                None => text.push_str(quick_xml::escape::resolve_xml_entity(&r.xml10_content()).unwrap()),
            },
            Event::End(_) => {
                if leaf {
                    leaves.push((path.iter().skip(4).cloned().collect::<Vec<_>>().join("/"), text.clone()));
                }
                path.pop();
                leaf = false;
            }
            Event::Eof => return leaves,
            _ => {}
        }
    }
}

fn value(leaves: &[(String, String)], path: &str) -> Option<String> {
    leaves.iter().find(|(p, _)| p == path).map(|(_, text)| text.clone())
}

fn check(citizen: &Citizen, answer: &str) {
    let leaves = leaves(answer);
    let got = |path: &str| value(&leaves, path);
    assert_eq!(got("SoDinhDanh").as_ref(), Some(&citizen.id));
    assert_eq!(got("SoCMND"), citizen.old_id);
    let parts = ["HoVaTen/Ho", "HoVaTen/ChuDem", "HoVaTen/Ten"].map(|p| got(p).unwrap_or_default());
    let name = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
    assert_eq!(name, citizen.full_name());
    assert_eq!(got("HoVaTen/Ho").is_some(), citizen.name_in_parts, "the whole name may be in Ten");
    assert_eq!(got("NgayThangNamSinh/Nam"), Some(citizen.birth.year.to_string()));
    assert_eq!(got("NgayThangNamSinh/NgayThangNam"), citizen.birth.day);
    assert_eq!(got("ThuongTru/ChiTiet").as_ref(), Some(&citizen.permanent_residence.detail));
    assert_eq!(got("QueQuan/MaPhuongXa").as_ref(), Some(&citizen.origin.ward));
    assert_eq!(got("QuocTich"), citizen.nationality);
    assert_eq!(got("Cha/HoVaTen"), citizen.father.as_ref().map(|r| r.name.clone()));
    assert_eq!(got("Me/HoVaTen"), citizen.mother.as_ref().map(|r| r.name.clone()));
    assert_eq!(got("VoChong/HoVaTen"), citizen.spouse.as_ref().map(|r| r.name.clone()));
    assert_eq!(got("NguoiDaiDien/SoDinhDanh"), citizen.representative.as_ref().and_then(|r| r.id.clone()));
    assert_eq!(got("ChuHo/QuanHe"), citizen.household_head.as_ref().map(|h| h.relation.clone()));
    assert_eq!(got("SoSoHoKhau"), citizen.household_book);
}

#[tokio::test]
async fn everybody_is_found_by_either_number_with_every_field_intact() {
    let ngsp = ngsp().await;
    for citizen in ngsp.citizens() {
        let (status, answer) = Lookup::of(citizen).ask(&ngsp).await;
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer.matches("<ns1:CongDan>").count(), 1, "{answer}");
        check(citizen, &answer);
        if let Some(old_id) = &citizen.old_id {
            let lookup = Lookup::of(citizen).without("SoDinhDanh").set("SoCMND", old_id);
            check(citizen, &lookup.ask(&ngsp).await.1);
        }
    }
    ngsp.stop().await;
}

#[tokio::test]
async fn an_address_with_markup_arrives_escaped_and_whole() {
    let ngsp = ngsp().await;
    let awkward = ngsp.citizens().iter().find(|c| c.permanent_residence.detail.contains('<')).unwrap();
    let (_, answer) = Lookup::of(awkward).ask(&ngsp).await;
    assert!(answer.contains("ngõ A&amp;B &lt;cũ"), "{answer}");
    check(awkward, &answer);
}

#[tokio::test]
async fn strangers_and_mismatches_are_an_empty_collection() {
    let ngsp = ngsp().await;
    let full = ngsp.citizens().iter().find(|c| c.birth.day.is_some()).unwrap();
    let year_only = ngsp.citizens().iter().find(|c| c.birth.day.is_none()).unwrap();
    let mut other_day = Lookup::of(full);
    other_day.birth = "<d:NgayThangNam>19000101</d:NgayThangNam>".into();
    let mut other_year = Lookup::of(full);
    other_year.birth = "<d:Nam>1900</d:Nam>".into();
    let mut too_exact = Lookup::of(year_only);
    too_exact.birth = format!("<d:NgayThangNam>{}0101</d:NgayThangNam>", year_only.birth.year);
    let lookups = [
        Lookup::of(full).set("SoDinhDanh", "999999999999"),
        Lookup::of(full).set("HoVaTen", "NGƯỜI KHÁC"),
        Lookup::of(full).set("SoCMND", "990000000"),
        other_day,
        other_year,
        too_exact,
    ];
    for lookup in lookups {
        let (status, answer) = lookup.ask(&ngsp).await;
        assert_eq!(status, 200);
        assert!(answer.contains("CongdanCollection") && !answer.contains("<ns1:CongDan>"), "{answer}");
    }
    assert!(ngsp.requests().iter().all(|r| r.matches == 0 && r.fault.is_none()));
}

#[tokio::test]
async fn case_spacing_and_year_alone_still_match() {
    let ngsp = ngsp().await;
    let citizen = ngsp.citizens().iter().find(|c| c.birth.day.is_some()).unwrap();
    let spaced = format!("  {} ", citizen.full_name().to_lowercase().replace(' ', "  "));
    let mut lookup = Lookup::of(citizen).set("HoVaTen", &spaced);
    lookup.birth = format!("<d:Nam>{}</d:Nam>", citizen.birth.year);
    check(citizen, &lookup.ask(&ngsp).await.1);
}

#[tokio::test]
async fn verification_says_only_whether_such_a_person_exists() {
    let ngsp = ngsp().await;
    let citizen = &ngsp.citizens()[1];
    let verify = |lookup: Lookup| Lookup { operation: "XacThucThongTinCongDan", ..lookup };
    let (status, answer) = verify(Lookup::of(citizen)).ask(&ngsp).await;
    assert_eq!((status, value(&leaves(&answer), "").is_some()), (200, true));
    assert!(answer.contains("<ns1:TonTai>true</ns1:TonTai>") && !answer.contains(&citizen.id), "{answer}");
    let (_, answer) = verify(Lookup::of(citizen).set("HoVaTen", "NGƯỜI KHÁC")).ask(&ngsp).await;
    assert!(answer.contains("<ns1:TonTai>false</ns1:TonTai>"), "{answer}");
}

async fn fault(ngsp: &Ngsp, envelope: &str, code: &str) -> String {
    let (status, answer) = ask(ngsp, envelope).await;
    assert_eq!(status, 500, "{answer}");
    assert!(answer.contains("<faultcode>soapenv:") && answer.contains(&format!("<code>{code}</code>")), "{answer}");
    assert_eq!(ngsp.requests().last().unwrap().fault, Some(code).and_then(known));
    answer
}

fn known(code: &str) -> Option<&'static str> {
    [
        codes::WRONG_KEY,
        codes::MALFORMED,
        codes::VERSION,
        codes::WRONG_NAMESPACE,
        codes::UNKNOWN_OPERATION,
        codes::MISSING_FIELD,
        codes::BAD_FIELD,
    ]
    .into_iter()
    .find(|known| *known == code)
}

#[tokio::test]
async fn every_mandatory_field_is_missed_by_name_also_when_empty() {
    let ngsp = ngsp().await;
    let citizen = &ngsp.citizens()[0];
    for field in ["MaYeuCau", "MaDVC", "MaTichHop", "MaCanBo", "MaDonVi", "TaiKhoan", "SoDinhDanh", "HoVaTen"] {
        for lookup in [Lookup::of(citizen).without(field), Lookup::of(citizen).set(field, " ")] {
            let answer = fault(&ngsp, &lookup.envelope(), codes::MISSING_FIELD).await;
            assert!(answer.contains(&format!("<field>{field}</field>")), "{answer}");
        }
    }
    let mut lookup = Lookup::of(citizen);
    lookup.birth.clear();
    fault(&ngsp, &lookup.envelope(), codes::MISSING_FIELD).await;
}

#[tokio::test]
async fn broken_requests_are_soap_faults_that_name_the_problem() {
    let ngsp = ngsp().await;
    let good = Lookup::of(&ngsp.citizens()[0]).envelope();
    let changed = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let cases = [
        (String::new(), codes::MALFORMED),
        ("no xml".into(), codes::MALFORMED),
        (changed("</s:Body>", ""), codes::MALFORMED),
        (changed("xmlns:d=", "xmlns:e="), codes::MALFORMED),
        (format!("<!DOCTYPE x [<!ENTITY y 'z'>]>{good}"), codes::MALFORMED),
        (changed("<d:HoVaTen>", "<d:HoVaTen>&secret;"), codes::MALFORMED),
        (format!("{good}{good}"), codes::MALFORMED),
        ("<a/>".into(), codes::MALFORMED),
        (changed("<s:Body>", "<s:Body><d:x/>"), codes::MALFORMED),
        ("<a>".repeat(5000), codes::MALFORMED),
        (changed("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"), codes::VERSION),
        (changed("http://dancuquocgia.bca", "http://example.com"), codes::WRONG_NAMESPACE),
        (good.replace("TraCuuThongTinCongDan", "XoaCongDan"), codes::UNKNOWN_OPERATION),
        (changed("<d:MaDonVi>", "<d:MaDonVi>1</d:MaDonVi><d:MaDonVi>"), codes::BAD_FIELD),
        (changed("<d:NgayThangNamSinh>", "<d:NgayThangNamSinh><d:Nam>1990</d:Nam>"), codes::BAD_FIELD),
    ];
    for (envelope, code) in cases {
        fault(&ngsp, &envelope, code).await;
    }
    let mut wrong_year = Lookup::of(&ngsp.citizens()[0]);
    wrong_year.birth = "<d:Nam>90</d:Nam>".into();
    fault(&ngsp, &wrong_year.envelope(), codes::BAD_FIELD).await;
}

#[tokio::test]
async fn a_configured_api_key_is_demanded() {
    let config = NgspConfig { api_key: Some("made-up-key".into()), ..NgspConfig::default() };
    let ngsp = Ngsp::start(config).await.unwrap();
    let envelope = Lookup::of(&ngsp.citizens()[0]).envelope();
    fault(&ngsp, &envelope, codes::WRONG_KEY).await;
    for (key, status) in [("wrong", 500), ("made-up-key", 200)] {
        let request = client().post(ngsp.population_url()).bearer_auth(token(&ngsp).await).header("ApiKey", key);
        let request = request.header("content-type", "application/xml");
        let answer = request.body(envelope.clone()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{key}");
    }
    let seen: Vec<bool> = ngsp.requests().iter().map(|r| r.api_key_seen).collect();
    assert_eq!(seen, [false, true, true]);
}

#[tokio::test]
async fn the_log_tells_who_asked_for_what_purpose() {
    let ngsp = ngsp().await;
    Lookup::of(&ngsp.citizens()[0]).ask(&ngsp).await;
    let requests = ngsp.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.operation.as_deref(), Some("TraCuuThongTinCongDan"));
    assert_eq!(request.request_code.as_deref(), Some("YC-0001"));
    assert_eq!(request.purpose.as_deref(), Some("1.000001"));
    assert_eq!(request.integration.as_deref(), Some("037"));
    assert_eq!(request.officer.as_deref(), Some("999000000000"));
    assert_eq!(request.unit.as_deref(), Some("H99"));
    assert_eq!(request.account.as_deref(), Some("canbo.thu"));
    assert_eq!(request.soap_action.as_deref(), Some("\"\""));
    assert_eq!((request.authorization_seen, request.status, request.matches), (true, 200, 1));
}

#[tokio::test]
async fn other_media_types_and_methods_do_not_reach_the_register() {
    let ngsp = ngsp().await;
    let request = client().post(ngsp.population_url()).bearer_auth(token(&ngsp).await);
    let answer = request.header("content-type", "application/json").body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 415);
    assert_eq!(client().get(ngsp.population_url()).send().await.unwrap().status(), 405);
    assert_eq!(client().get(ngsp.url() + "/nothing").send().await.unwrap().status(), 404);
}
