//! Policies, names and versions that must not go live.

use super::{findings, house, policy, refused, says};
use crate::harness::{fixture, run, with_manifest};
use nhip_manage::wire::RefusedCode;

#[test]
fn a_policy_hears_of_all_its_mistakes_with_their_places() {
    run(async {
        let policy = "adapter = \"hostile\"\n\
                      [services]\n\
                      hostile = \"test:hostile/attacks\"\n\
                      [limits]\n\
                      memory = \"64 parrots\"\n\
                      cpuu = \"1 s\"\n\
                      [endpoints.system]\n\
                      url = \"https://169.254.169.254/\"\n\
                      methods = [\"GET\", \"CONNECT\"]\n\
                      paths = [\"/a/../b\"]\n\
                      credential = { bearer = { token = \"a-secret-in-the-open\" } }\n\
                      [callers]\n\
                      allow = [\"*\"]\n";
        let refused = refused(&*house().await, fixture("hostile"), policy, None).await;
        assert_eq!((refused.code, refused.detail.as_str()), (RefusedCode::Policy, "the policy has 8 mistakes"));
        let places: Vec<_> = refused.mistakes.iter().map(|mistake| (mistake.line, mistake.key.as_str())).collect();
        assert_eq!(
            places,
            [
                (3, "services.hostile"),
                (5, "limits.memory"),
                (6, "limits.cpuu"),
                (8, "endpoints.system.url"),
                (9, "endpoints.system.methods[1]"),
                (10, "endpoints.system.paths[0]"),
                (11, "endpoints.system.credential.bearer.token"),
                (13, "callers.allow[0]"),
            ]
        );
        assert!(
            refused.mistakes.iter().all(|mistake| mistake.column >= 1 && mistake.hint.is_some()),
            "{:?}",
            refused.mistakes
        );
        assert!(
            !serde_json::to_string(&refused).unwrap().contains("a-secret-in-the-open"),
            "a misplaced secret is not repeated"
        );
    });
}

#[test]
fn a_policy_that_is_no_toml_is_told_where_it_breaks() {
    run(async {
        let refused = refused(&*house().await, fixture("hostile"), "adapter = \"hostile\"\n[services\n", None).await;
        assert_eq!((refused.code, refused.mistakes[0].line), (RefusedCode::Policy, 2));
    });
}

#[test]
fn missing_secrets_and_folders_are_all_named_before_anything_is_live() {
    run(async {
        let more = "[endpoints.second]\nurl = \"https://second.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n\
             credential = { basic = { username = \"lgsp\", password = \"env:NOT_SET_EITHER\" } }\n\
             [endpoints.second.secrets]\nPASSWORD = \"file:/no/such/secret\"\n\
             [[files]]\nhost = \"/no/such/folder\"\nguest = \"/in\"\nmode = \"read\"\n";
        let refused = refused(&*house().await, fixture("hostile"), &policy("hostile", "hostile", more), None).await;
        let findings = findings(&refused);
        says(&findings, "endpoints.second", "NOT_SET_EITHER");
        says(&findings, "endpoints.second", "/no/such/secret");
        says(&findings, "files /in", "/no/such/folder");
    });
}

#[test]
fn a_service_of_a_contract_that_the_component_does_not_have_is_refused() {
    run(async {
        let policy = policy("hostile", "hostile", "").replace("attacks@1.0.0", "attacks@2.0.0");
        let refused = refused(&*house().await, fixture("hostile"), &policy, None).await;
        says(&findings(&refused), "services.hostile", "test:hostile/attacks@1.0.0");
    });
}

#[test]
fn a_policy_for_another_adapter_is_refused() {
    run(async {
        let refused = refused(&*house().await, fixture("hostile"), &policy("another", "another", ""), None).await;
        says(&findings(&refused), "adapter", "`another`");
    });
}

#[test]
fn a_public_name_that_another_adapter_serves_is_refused() {
    run(async {
        let manifest = with_manifest("rival", "1.0.0");
        let refused =
            refused(&*house().await, fixture("hostile"), &policy("rival", "hostile", ""), Some(&manifest)).await;
        assert_eq!(refused.code, RefusedCode::Conflict);
        assert_eq!((refused.conflicts.len(), refused.conflicts[0].subject.as_str()), (1, "hostile"));
    });
}

#[test]
fn other_bytes_under_a_known_version_are_refused() {
    run(async {
        // A custom section more: the same component in other bytes.
        let mut other = fixture("hostile");
        other.extend_from_slice(b"\0\x06\x04note!");
        let refused = refused(&*house().await, other, &policy("hostile", "hostile", ""), None).await;
        assert_eq!((refused.code, refused.conflicts[0].subject.as_str()), (RefusedCode::Conflict, "1.0.0"));
    });
}

#[test]
fn admission_and_conflicts_are_told_together() {
    run(async {
        let manifest = with_manifest("rival", "1.0.0");
        let policy = "adapter = \"rival\"\n[services]\nhostile = \"test:hostile/attacks@1.0.0\"\n";
        let refused = refused(&*house().await, fixture("hostile"), policy, Some(&manifest)).await;
        assert!(findings(&refused).len() >= 3 && refused.conflicts.len() == 1, "{refused:?}");
    });
}

#[test]
fn a_broken_manifest_is_told_by_its_mistakes() {
    run(async {
        let manifest = "name = \"hostile\"\nversion = \"one\"\nsurprise = 1\n";
        let refused =
            refused(&*house().await, fixture("hostile"), &policy("hostile", "hostile", ""), Some(manifest)).await;
        let findings = findings(&refused);
        says(&findings, "adapter.toml", "2:");
        says(&findings, "adapter.toml", "surprise");
    });
}
