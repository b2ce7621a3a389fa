//! Where names lead: an endpoint's name that resolves to the inside is refused at every connection, whatever it resolved
//! to before.

use super::{attack, harmless, request, stage};
use crate::harness::{log, run};

const REFUSED: &str = "its name leads to an address that the policy does not allow";

#[test]
fn a_name_that_leads_inside_is_denied() {
    run(async {
        // Loopback and private need the grant that these have not; the others no policy can allow.
        for endpoint in ["loopback", "private", "metadata", "mapped", "nowhere"] {
            let path = format!("/granted/{endpoint}");
            let answer = attack("send", request(endpoint, "GET", &path, &[])).await;
            let refusal = answer.refusal();
            assert!(refusal.contains("Denied sent=false") && refusal.contains(REFUSED), "{endpoint}: {refusal}");
            assert!(stage().await.upstream.seen(&format!("/base{path}")).is_empty(), "{endpoint} was reached");
            let record = stage().await.house.record(&answer.id()).await;
            assert_eq!(record.upstream[0].failure.as_deref(), Some("denied"), "{endpoint}");
        }
        let told = log::all();
        for address in ["127.0.0.1", "10.11.12.13", "169.254.169.254", "0.0.0.0"] {
            let line = told
                .lines()
                .find(|line| line.contains("no connection to the upstream system") && line.contains(address));
            assert!(line.is_some(), "the operator is told that a name led to {address}");
        }
    });
}

#[test]
fn a_name_with_one_good_and_one_bad_address_is_refused_as_a_whole() {
    run(async {
        let refusal = attack("send", request("mixed", "GET", "/granted/mixed", &[])).await.refusal();
        assert!(refusal.contains("Denied sent=false") && refusal.contains(REFUSED), "{refusal}");
        assert!(stage().await.upstream.seen("/base/granted/mixed").is_empty());
    });
}

#[test]
fn a_name_that_is_rebound_is_denied() {
    run(async {
        let ask = || attack("send", request("rebinding", "GET", "/granted/rebinding", &[]));
        let (first, _) = harmless(&ask().await).await;
        assert_eq!(first["status"], 200);
        for _ in 0..2 {
            let refusal = ask().await.refusal();
            assert!(refusal.contains("Denied sent=false") && refusal.contains(REFUSED), "{refusal}");
        }
        assert_eq!(stage().await.upstream.seen("/base/granted/rebinding").len(), 1);
    });
}

#[test]
fn a_name_that_does_not_resolve_is_told_as_that() {
    run(async {
        let refusal = attack("send", request("unknown", "GET", "/", &[])).await.refusal();
        assert!(refusal.contains("Unreachable sent=false") && refusal.contains("does not resolve"), "{refusal}");
    });
}

#[test]
fn an_address_inside_cannot_even_be_written_into_a_policy_without_saying_so() {
    run(async {
        for url in [
            "http://127.0.0.1:8081",
            "https://[::1]",
            "https://10.0.0.1",
            "https://169.254.169.254/latest",
            "https://[::ffff:10.0.0.1]",
            "https://0x7f000001",
            "https://2130706433",
            "https://127.1",
        ] {
            let policy = format!(
                "adapter = \"hostile\"\n[services]\nhostile = \"test:hostile/attacks@1.0.0\"\n[endpoints.inside]\n\
                 url = \"{url}\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n"
            );
            let mistakes = nhip_policies::Policy::parse(&policy).expect_err(url);
            assert!(
                mistakes.iter().any(|mistake| mistake.key == "endpoints.inside.url" && mistake.line == 5),
                "{url}: {mistakes}"
            );
        }
    });
}
