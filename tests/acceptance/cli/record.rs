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

/// A gateway with a record of several segments, exported; the export, and the file of its key.
async fn exported(desk: &mut Desk) -> (String, String) {
    let caller = desk.caller("mot-cua").await;
    for _ in 0..3 {
        for _ in 0..4 {
            desk.types(&["call", "nothing", "calm"], &[("NHIP_KEY", &caller)]).await;
        }
        // Each seals a segment.
        desk.types(&["audit", "checkpoint"], &[]).await;
    }
    let (_, key) = desk.types(&["audit", "key"], &[]).await;
    let export = desk.folder.join("export.jsonl").display().to_string();
    let (screen, _) = desk.types(&["audit", "export", "--out", &export], &[]).await;
    assert!(screen.starts_with("exit: 0\n"), "{screen}");
    (fs::read_to_string(export).unwrap(), desk.file("gateway.key", key))
}

/// The lines of an export that begin a segment, from 0. The first line and the last are the export's own.
fn segments(lines: &[&str]) -> Vec<usize> {
    (1..lines.len() - 1).filter(|line| lines[*line].starts_with('{')).collect()
}

/// The number that an entry's line carries.
fn number(line: &str) -> u64 {
    let (_, json) = line.split_once(' ').unwrap();
    serde_json::from_str::<serde_json::Value>(json).unwrap()["n"].as_u64().unwrap()
}

#[test]
fn a_forged_export_is_named_with_the_first_record_that_is_wrong() {
    run(async {
        let (mut desk, mut other) = (Desk::set("cli-forged").await, Desk::set("cli-forger").await);
        let (text, key) = exported(&mut desk).await;
        let (foreign, _) = exported(&mut other).await;
        let lines: Vec<&str> = text.lines().collect();
        let at = segments(&lines);
        assert!(at.len() >= 3, "{text}");
        let (first, second, third) = (at[0], at[1], at[2]);
        // An entry in the middle of the second segment, and the segment's seal.
        let (middle, seal) = (second + 2, third - 1);
        let edited = lines[middle].replacen("\"status\":404", "\"status\":405", 1);
        assert_ne!(edited, lines[middle]);
        let segment = |from: usize, to: usize| lines[from..to].to_vec();
        let all = |parts: &[Vec<&str>]| parts.concat().join("\n") + "\n";
        let changed = |line: usize, to: Option<&str>| {
            let to: Vec<&str> = to.into_iter().collect();
            all(&[segment(0, line), to, segment(line + 1, lines.len())])
        };
        // The seal of the same place, made with another key.
        let foreign: Vec<&str> = foreign.lines().collect();
        let foreign_seal = foreign[segments(&foreign)[2] - 1];
        let (_, signature) = foreign_seal.split_once("\"signature\":").unwrap();
        let (sealed, _) = lines[seal].split_once("\"signature\":").unwrap();
        let resigned = format!("{sealed}\"signature\":{signature}");
        let swapped = all(&[
            segment(0, middle),
            segment(middle + 1, middle + 2),
            segment(middle, middle + 1),
            segment(middle + 2, lines.len()),
        ]);
        let (head, tail) = (segment(0, second), segment(third, lines.len()));
        let moved = all(&[segment(0, first), segment(second, third), segment(first, second), tail.clone()]);
        let twice = all(&[segment(0, middle + 1), segment(middle, lines.len())]);
        for (name, forged, line, told) in [
            ("one-byte", changed(middle, Some(&edited)), middle, "was changed"),
            ("removed-entry", changed(middle, None), middle, ""),
            ("repeated-entry", twice, middle + 1, ""),
            ("swapped-entries", swapped, middle, ""),
            ("swapped-segments", moved, first, "segments were removed, inserted or moved"),
            ("removed-segment", all(&[head.clone(), tail]), second, "segments were removed, inserted or moved"),
            ("cut-in-a-segment", all(&[segment(0, middle)]), middle, ""),
            ("cut-at-a-seal", all(&[head]), second, "truncated"),
            ("signed-anew", changed(seal, Some(&resigned)), seal, ""),
            ("another-gateway's", foreign.join("\n") + "\n", 1, "another key"),
        ] {
            let said = nhip(&["audit", "verify", &desk.file(name, forged), "--key-file", &key], &[], "").await;
            let place = format!("line {}, ", line + 1);
            assert!(said.code == 1 && said.err.contains("not sound"), "{name}: {said:?}");
            assert!(said.err.contains(&place) && said.err.contains(told), "{name}: not `{place}`, `{told}`: {said:?}");
            // All before it is proven: the first that is not is the one that was touched.
            if line == middle {
                let entry = format!("from entry {} on", number(lines[middle]));
                assert!(said.err.contains(&entry), "{name}: not `{entry}`: {said:?}");
            }
        }
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
