//! What admission says of imports, before anything is live.

use crate::guests::{desk, later_office, link, office, other_office, stranger};
use crate::world::{DIRECT, OFFICE, World, desk_policy};
use nhip_contract::Contract;
use nhip_exchange::port::Report;

/// The findings about a subject, those that refuse marked.
fn findings(report: &Report, subject: &str) -> Vec<(bool, String)> {
    let about = report.findings.iter().filter(|finding| finding.subject == subject);
    about.map(|finding| (finding.refuses, finding.message.clone())).collect()
}

const INBOX: &str = "import test:office/inbox@1.0.0";

/// There is one finding on the imported inbox, with these words.
fn says(report: &Report, refuses: bool, words: &[&str]) {
    let found = findings(report, INBOX);
    let fits = |(is, message): &(bool, String)| *is == refuses && words.iter().all(|word| message.contains(word));
    assert!(found.iter().any(fits), "{words:?} in {:#?}", report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_nobody_grants_is_refused_with_the_line_that_would() {
    let world = World::new();
    let report = world.admit(&desk(), &desk_policy("", "")).await;
    assert!(report.refuses());
    says(&report, true, &["add `\"test:office/inbox@1.0.0\" = \"SERVICE\"` to `[imports]`"]);
    assert!(report.imports.contains(&("test:office/inbox@1.0.0".to_owned(), "not granted".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_import_says_who_serves_it_and_a_line_too_many_is_noted() {
    let world = World::new();
    let imports = format!("{DIRECT}\n\"test:office/archive@1.0.0\" = \"archive\"");
    let report = world.admit(&desk(), &desk_policy(&imports, "")).await;
    assert!(!report.refuses(), "{:#?}", report.findings);
    says(&report, false, &["no service `office-inbox` is live"]);
    let line = ("test:office/inbox@1.0.0".to_owned(), "served by `office-inbox`".to_owned());
    assert!(report.imports.contains(&line), "{:?}", report.imports);
    let unused = findings(&report, "imports.\"test:office/archive@1.0.0\"");
    assert!(matches!(&unused[..], [(false, message)] if message.contains("does not import it")), "{unused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_live_is_compared_by_its_types() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    let fits = world.admit(&desk(), &desk_policy(DIRECT, "")).await;
    assert_eq!(findings(&fits, INBOX), []);

    world.deploy(&other_office(), &OFFICE.replace("@1.0.0", "@1.1.0")).await;
    let differs = world.admit(&desk(), &desk_policy(DIRECT, "")).await;
    assert!(differs.refuses());
    says(&differs, true, &["`office-inbox`", "`echo.answer`"]);

    world.deploy(&later_office(), &OFFICE.replace("@1.0.0", "@1.2.0")).await;
    let later = world.admit(&desk(), &desk_policy(DIRECT, "")).await;
    assert_eq!(findings(&later, INBOX), [], "more optional members are no difference for an importer");
}

#[tokio::test(flavor = "multi_thread")]
async fn components_that_differ_have_one_contract_in_common() {
    let world = World::new();
    world.deploy(&office(), OFFICE).await;
    let another = [office(), b"\0\x05\x04note".to_vec()].concat();
    world.deploy(&another, &OFFICE.replace("office\"", "annex\"").replace("office-inbox", "annex-inbox")).await;
    let routes = world.spine.routes();
    let [office, annex] = ["office-inbox", "annex-inbox"].map(|name| &routes.service(name).unwrap().live);
    assert_ne!(office.component, annex.component);
    let types = |live: &nhip_exchange::Live| {
        let types = live.handle.types("test:office/inbox@1.0.0").unwrap();
        std::ptr::from_ref(types.downcast_ref::<Contract>().unwrap())
    };
    assert_eq!(types(office), types(annex), "what every exchange reads is there once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_of_another_contract_and_a_policy_that_does_not_let_it_in_are_told() {
    let world = World::new();
    world.deploy(&office(), &OFFICE.replace("any-authenticated = true", "allow = [\"mot-cua\"]")).await;
    let report = world.admit(&desk(), &desk_policy(DIRECT, "")).await;
    assert!(!report.refuses(), "{:#?}", report.findings);
    says(&report, false, &["does not let `front` call `echo`", "[callers]"]);

    let step = "adapter = \"step\"\n[services]\nstep = \"test:chain/step@1.0.0\"\n[callers]\nany-authenticated = true\n\
        [imports]\n\"test:chain/step@1.0.0\" = \"nobody\"\n";
    world.deploy(&link(), step).await;
    let report = world.admit(&desk(), &desk_policy("\"test:office/inbox@1.0.0\" = \"step\"", "")).await;
    says(&report, true, &["service `step` has another contract: `test:chain/step@1.0.0`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_answers_nothing_can_be_done_later() {
    let world = World::new();
    let durable = "\"test:office/inbox@1.0.0\" = { service = \"office-inbox\", delivery = \"durable\" }";
    let report = world.admit(&desk(), &desk_policy(durable, "")).await;
    for function in ["`echo`", "`decide`", "`count`"] {
        says(&report, true, &[function, "delivery = \"direct\""]);
    }
    let refusing = findings(&report, INBOX).into_iter().filter(|(refuses, _)| *refuses).count();
    assert_eq!(refusing, 3, "`hand-over` and `tell` answer nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_exchange_can_carry_and_what_nobody_can_serve_is_refused() {
    let world = World::new();
    let policy = "adapter = \"strange\"\n[services]\nstrange = \"test:strange/plain@1.0.0\"\n\
        [imports]\n\"test:strange/handles@1.0.0\" = \"somebody\"\n";
    let report = world.admit(&stranger(), policy).await;
    let handles = findings(&report, "import test:strange/handles@1.0.0");
    assert!(handles.iter().any(|(refuses, message)| *refuses && message.contains("`give`")), "{handles:?}");
    let inline = findings(&report, "import inline");
    assert!(inline.iter().any(|(refuses, message)| *refuses && message.contains("no interface")), "{inline:?}");
}
