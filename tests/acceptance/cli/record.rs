//! `nhip audit` at work: what an auditor does with a gateway's record, and what a forger does to it.

use super::{Desk, json_lines};
use crate::harness::{nhip, run};
use std::fs;

#[test]
fn the_record_is_exported_and_verified_and_a_changed_one_is_named() {
    run(async {
        let mut desk = Desk::set("cli-record").await;
        let caller = desk.caller("mot-cua").await;
        for _ in 0..3 {
            desk.types(&["call", "nothing", "calm"], &[("NHIP_KEY", &caller)]).await;
        }
        let (_, key) = desk.types(&["audit", "key"], &[]).await;
        let key = desk.file("gateway.key", &key);
        let file = |name: &str| desk.folder.join(name).display().to_string();
        let (export, checkpoint) = (file("export.jsonl"), file("checkpoint"));
        for words in [["audit", "checkpoint", "--out", &checkpoint], ["audit", "export", "--out", &export]] {
            let (screen, _) = desk.types(&words, &[]).await;
            assert!(screen.starts_with("exit: 0\n"), "{screen}");
        }
        let verify = async |path: &str, more: &[&str]| {
            nhip(&[&["audit", "verify", path, "--key-file", &key], more].concat(), &[], "").await
        };
        for said in [verify(&export, &[]).await, verify(&desk.data, &["--checkpoint", &checkpoint]).await] {
            assert!(said.code == 0 && said.out.contains("sound: "), "{said:?}");
        }
        let text = fs::read_to_string(&export).unwrap();
        let (whole, _) = text.trim_end().rsplit_once('\n').unwrap();
        for (name, forged, told) in [
            ("edited", text.replacen("unknown-service", "ok", 1), "was changed"),
            ("truncated", format!("{whole}\n"), "truncated"),
        ] {
            let said = verify(&desk.file(name, forged), &[]).await;
            assert!(said.code == 1 && said.err.contains("not sound") && said.err.contains(told), "{name}: {said:?}");
            assert!(
                said.err.contains("line ") && said.err.contains("segment ") && said.err.contains("entry "),
                "{said:?}"
            );
        }
        let said = nhip(&["audit", "verify", &export], &[], "").await;
        assert!(said.code == 1 && said.err.contains("`nhip audit key`"), "{said:?}");
    });
}

#[test]
fn the_record_is_searched_shown_and_emptied() {
    run(async {
        let mut desk = Desk::set("cli-search").await;
        let caller = desk.caller("mot-cua").await;
        desk.types(&["call", "nothing", "calm"], &[("NHIP_KEY", &caller)]).await;
        let (_, out) =
            desk.types(&["audit", "search", "--service", "nothing", "--since", "1 day", "--json"], &[]).await;
        let found = &json_lines("audit search", &out)[0]["entries"];
        assert_eq!((found.as_array().map(Vec::len), &found[0]["kind"]), (Some(1), &"exchange".into()), "{out}");
        let id = found[0]["record"]["id"].as_str().unwrap();
        let (screen, out) = desk.types(&["audit", "show", id], &[]).await;
        assert!(screen.contains("unknown-service (404)") && out.contains(id), "{screen}");
        let (screen, _) = desk.types(&["audit", "show", "0199c0de-7000-7000-8000-000000000001"], &[]).await;
        assert!(screen.starts_with("exit: 1\n") && screen.contains("there is no record of an exchange"), "{screen}");

        let (screen, _) = desk.types(&["audit", "retain", "--older-than", "1 day"], &[]).await;
        assert!(screen.starts_with("exit: 0\n") && screen.contains("nothing was emptied"), "{screen}");
        let (_, out) = desk.types(&["acts", "--json"], &[]).await;
        let newest = &json_lines("acts", &out)[0]["acts"][0];
        assert_eq!((&newest["kind"], &newest["refused"]), (&"retain".into(), &false.into()), "{out}");
        let offline = nhip(&["audit", "key", "--offline", "--data", &desk.data], &[], "").await;
        let (_, asked) = desk.types(&["audit", "key"], &[]).await;
        assert_eq!((offline.code, offline.out), (0, asked));
    });
}
