//! The commands that work on a running gateway, in the order in which an operator uses them.

use super::{Desk, MISTAKEN, POLICY, component, golden, json_lines};
use crate::harness::{nhip, root, run, with_manifest};
use serde_json::Value;
use std::fs;
use std::path::Path;

#[test]
fn a_wrong_token_is_refused_with_its_cure() {
    run(async {
        let desk = Desk::set("cli-token").await;
        let wrong = desk.file("wrong-token", "y".repeat(43));
        let said =
            nhip(&["adapters", "--admin", &desk.process.admin.to_string(), "--token-file", &wrong], &[], "").await;
        golden("wrong-token", &said.screen(&[]));
        assert_eq!(said.code, 1);
        let token = fs::read_to_string(Path::new(&desk.data).join("admin-token")).unwrap();
        let said =
            nhip(&["adapters", "--admin", &desk.process.admin.to_string()], &[("NHIP_TOKEN", token.trim())], "").await;
        assert_eq!(said.code, 0, "{said:?}");
    });
}

#[test]
fn callers_are_registered_listed_and_revoked() {
    run(async {
        let mut desk = Desk::set("cli-callers").await;
        desk.shows("caller-list-none", &["caller", "list"], &[]).await;
        let (screen, key) = desk.types(&["caller", "add", "mot-cua"], &[]).await;
        let key = key.trim().to_owned();
        assert!(key.len() >= 40 && !key.contains(char::is_whitespace), "standard output is the key alone: {key:?}");
        golden("caller-add", &screen.replace(&key, "[KEY]"));
        desk.keys.push(key);
        let further = desk.types(&["caller", "key", "mot-cua"], &[]).await;
        desk.keys.push(further.1.trim().to_owned());
        golden("caller-key", &further.0.replace(&desk.keys[1], "[KEY]"));
        desk.shows("caller-add-again", &["caller", "add", "mot-cua"], &[]).await;
        desk.shows("caller-key-unknown", &["caller", "key", "nobody"], &[]).await;
        desk.lists("caller-list", &["caller", "list"]).await;
        desk.shows("caller-revoke", &["caller", "revoke", "mot-cua", "--key", "1"], &[]).await;
        desk.shows("caller-revoke-all", &["caller", "revoke", "mot-cua", "--all"], &[]).await;
        desk.lists("caller-list-revoked", &["caller", "list"]).await;
    });
}

#[test]
fn an_adapter_goes_through_its_life_by_commands() {
    run(async {
        let mut desk = Desk::set("cli-life").await;
        let key = desk.caller("mot-cua").await;
        let (policy, component) = (desk.file("hostile.toml", POLICY), component());
        let manifest = desk.file("adapter.toml", with_manifest("hostile", "1.1.0"));
        for (name, command) in
            [("adapters-none", "adapters"), ("services-none", "services"), ("exchanges-none", "exchanges")]
        {
            desk.shows(name, &[command], &[]).await;
        }
        desk.lists("dead-letters-none", &["dead-letters", "list"]).await;
        let unknown = "0199c0de-7000-7000-8000-000000000001";
        desk.shows("dead-letters-unknown", &["dead-letters", "show", unknown], &[]).await;
        desk.shows("dead-letters-without-yes", &["dead-letters", "discard", "--all"], &[]).await;
        desk.shows("deploy", &["deploy", &component, "--policy", &policy], &[]).await;
        let newer = ["deploy", &component, "--policy", &policy, "--manifest", &manifest, "--json"];
        let (_, out) = desk.types(&newer, &[]).await;
        let lines = json_lines("deploy", &out);
        let steps: Vec<&Value> = lines.iter().filter_map(|line| line.get("step")).collect();
        assert_eq!((steps.len(), &lines.last().unwrap()["deployed"]["version"]), (3, &Value::from("1.1.0")), "{out}");

        let call = |words: &[&'static str]| [&["call"], words].concat();
        let with_key = [("NHIP_KEY", key.as_str())];
        desk.shows("call", &call(&["hostile", "calm", "--body", "{\"word\": \"bình an\"}"]), &with_key).await;
        desk.shows("call-misfit", &call(&["hostile", "calm", "--body", "{\"wort\": 1}"]), &with_key).await;
        desk.shows(
            "call-contract-fault",
            &call(&["hostile", "refuse", "--body", "{\"reason\": \"không\"}"]),
            &with_key,
        )
        .await;
        desk.shows("call-trap", &call(&["hostile", "trap"]), &with_key).await;
        desk.shows("call-unknown", &call(&["nothing", "calm"]), &with_key).await;
        desk.shows("call-wrong-key", &call(&["hostile", "calm"]), &[("NHIP_KEY", "wrong")]).await;
        let (screen, out) = desk.types(&call(&["hostile", "trap", "--json"]), &with_key).await;
        assert!(screen.starts_with("exit: 4\n"), "{screen}");
        assert_eq!(json_lines("call", &out)[0]["status"], 500);

        desk.lists("adapters", &["adapters"]).await;
        desk.lists("adapter", &["adapters", "hostile"]).await;
        desk.lists("services", &["services"]).await;
        desk.shows("rollback", &["rollback", "hostile"], &[]).await;
        desk.shows("rollback-unknown", &["rollback", "nothing"], &[]).await;
        desk.shows("rollback-unknown-version", &["rollback", "hostile", "--to", "9.9.9"], &[]).await;
        desk.shows("retire", &["retire", "hostile"], &[]).await;
        desk.shows("retire-again", &["retire", "hostile"], &[]).await;
        desk.lists("adapters-retired", &["adapters"]).await;
        desk.lists("acts", &["acts"]).await;
        for words in [["rollback", "hostile", "--json"], ["retire", "hostile", "--json"]] {
            let (screen, out) = desk.types(&words, &[]).await;
            assert!(screen.starts_with("exit: 0\n"), "{screen}");
            assert!(json_lines(words[0], &out)[0].to_string().contains("\"version\""), "{out}");
        }
        let (screen, _) = desk.types(&["exchanges"], &[]).await;
        assert!(screen.lines().count() >= 8, "a line for each exchange: {screen}");
        desk.lists("exchanges-filtered", &["exchanges", "--outcome", "adapter-trapped", "--limit", "1"]).await;
        desk.shows("stop", &["stop"], &[]).await;
        assert_eq!(desk.process.ended().await.code(), Some(0));
    });
}

#[test]
fn a_refused_deployment_shows_everything_that_is_wrong() {
    run(async {
        let desk = Desk::set("cli-refused").await;
        let (right, wrong) = (desk.file("right.toml", POLICY), desk.file("wrong.toml", MISTAKEN));
        let poor =
            desk.file("poor.toml", "adapter = \"hostile\"\n[services]\nhostile = \"test:hostile/attacks@1.0.0\"\n");
        let garbage = desk.file("garbage.wasm", "this is no component");
        desk.shows("deploy-mistakes", &["deploy", &component(), "--policy", &wrong], &[]).await;
        desk.shows("deploy-ungranted", &["deploy", &component(), "--policy", &poor], &[]).await;
        desk.shows("deploy-garbage", &["deploy", &garbage, "--policy", &right], &[]).await;
        desk.shows("deploy-missing", &["deploy", "/no/such.wasm", "--policy", &right], &[]).await;
        let (screen, out) = desk.types(&["deploy", &garbage, "--policy", &right, "--json"], &[]).await;
        assert!(screen.starts_with("exit: 1\n"), "{screen}");
        assert_eq!(json_lines("deploy", &out).last().unwrap()["refused"]["code"], "admission");
    });
}

#[test]
fn a_component_is_packed_with_manifest_and_documentation() {
    run(async {
        let desk = Desk::set("cli-pack").await;
        let (packed, wit) = (desk.folder.join("packed.wasm").display().to_string(), root().join("wit/lgsp/types"));
        let (wit, manifest) = (wit.display().to_string(), desk.file("adapter.toml", with_manifest("bare", "3.0.0")));
        let said = nhip(&["pack", &component(), "--manifest", &manifest, "--out", &packed], &[], "").await;
        assert_eq!(said.code, 1, "it carries a manifest already: {said:?}");
        assert!(said.err.contains("carries a manifest already") && said.err.contains("\nhint: "), "{}", said.err);
        assert!(!Path::new(&packed).exists());
        // The smallest component there is: its eight bytes, and the section.
        let empty = desk.file("empty.wasm", "\0asm\r\0\u{1}\0");
        let said = nhip(&["pack", &empty, "--manifest", &manifest, "--out", &packed], &[], "").await;
        assert_eq!(said.code, 0, "{said:?}");
        assert!(String::from_utf8_lossy(&std::fs::read(&packed).unwrap()).contains(&with_manifest("bare", "3.0.0")));
        let said = nhip(&["pack", &component(), "--wit", &wit, "--out", &packed, "--json"], &[], "").await;
        assert_eq!((said.code, &json_lines("pack", &said.out)[0]["packed"]), (0, &Value::from(packed.as_str())));
        // What was packed is deployed like any other; the manifest beside it goes before its own.
        let policy = desk.file("bare.toml", POLICY.replace("hostile\"", "bare\"").replace("hostile =", "bare ="));
        let (screen, _) = desk.types(&["deploy", &packed, "--policy", &policy, "--manifest", &manifest], &[]).await;
        assert!(screen.contains("bare 3.0.0 is live"), "{screen}");
    });
}
