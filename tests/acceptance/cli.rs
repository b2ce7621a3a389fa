//! Every command of `nhip` as a user meets it: exit code, standard output and standard error, kept as golden files in
//! `tests/golden/cli/`. `NHIP_BLESS=1 cargo test` writes them anew; a reviewer then sees the user's screen change.

mod life;
mod record;

use crate::harness::{Process, fixtures, folder, nhip, root, run};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Compare what a user sees with what was agreed.
fn golden(name: &str, screen: &str) {
    let file = root().join("tests/golden/cli").join(format!("{name}.txt"));
    if nhip_cli::env::filled("NHIP_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, screen).unwrap();
        return;
    }
    let agreed = fs::read_to_string(&file).unwrap_or_default();
    assert!(agreed == screen, "{name}\n=== agreed\n{agreed}\n=== now\n{screen}\n(`NHIP_BLESS=1` takes it as agreed)");
}

/// Every line of standard output is a JSON document.
fn json_lines(what: &str, out: &str) -> Vec<Value> {
    let lines =
        out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{what}: {error}: {line}")));
    let lines: Vec<Value> = lines.collect();
    assert!(!lines.is_empty(), "{what} says nothing");
    lines
}

/// A gateway with an operator at its side.
struct Desk {
    process: Process,
    folder: PathBuf,
    data: String,
    keys: Vec<String>,
}

impl Desk {
    async fn set(name: &str) -> Self {
        let folder = folder(name);
        let data = folder.join("data");
        let process = Process::serve(&data, &[]).await;
        Self { process, data: data.display().to_string(), folder, keys: Vec::new() }
    }

    /// A file of the operator's.
    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.folder.join(name);
        fs::write(&file, content).unwrap();
        file.display().to_string()
    }

    /// Run a command against the gateway; what a user sees, and standard output as it came.
    async fn types(&self, words: &[&str], environment: &[(&str, &str)]) -> (String, String) {
        let (admin, listen) = (format!("http://{}", self.process.admin), format!("http://{}", self.process.data));
        let mut all = words.to_vec();
        if words.first() == Some(&"call") {
            all.extend(["--url", &listen]);
        } else {
            all.extend(["--admin", &admin, "--data", &self.data]);
        }
        let said = nhip(&all, environment, "").await;
        let (folder, fixtures) = (self.folder.display().to_string(), fixtures().display().to_string());
        let mut replaced = vec![(admin.as_str(), "[ADMIN]"), (listen.as_str(), "[DATA]")];
        replaced.extend([(folder.as_str(), "[FOLDER]"), (fixtures.as_str(), "[COMPONENTS]")]);
        replaced.extend(self.keys.iter().map(|key| (key.as_str(), "[KEY]")));
        (said.screen(&replaced), said.out)
    }

    /// The same, compared with what was agreed; and once more with `--json`, when asking changes nothing.
    async fn shows(&self, name: &str, words: &[&str], environment: &[(&str, &str)]) -> String {
        let (screen, out) = self.types(words, environment).await;
        golden(name, &screen);
        out
    }

    async fn lists(&self, name: &str, words: &[&str]) {
        self.shows(name, words, &[]).await;
        let (_, out) = self.types(&[words, &["--json"]].concat(), &[]).await;
        assert_eq!(json_lines(name, &out).len(), 1, "{name}: {out}");
    }

    /// A caller, by its command; its key.
    async fn caller(&mut self, name: &str) -> String {
        let (_, out) = self.types(&["caller", "add", name, "--json"], &[]).await;
        let key = json_lines("caller add", &out)[0]["key"].as_str().unwrap().to_owned();
        self.keys.push(key.clone());
        key
    }
}

fn component() -> String {
    fixtures().join("hostile.wasm").display().to_string()
}

const POLICY: &str = "adapter = \"hostile\"\n\n[services]\nhostile = \"test:hostile/attacks@1.0.0\"\n\n[key-value]\n\n\
     [endpoints.system]\nurl = \"https://system.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n\n[callers]\nallow = [\"mot-cua\"]\n";

const MISTAKEN: &str =
    "adapter = \"Hostile\"\n\n[services]\nhostile = \"attacks\"\n\n[limits]\nmemory = \"64 parrots\"\ncpuu = \"1 s\"\n";

#[test]
fn every_command_shows_its_help_with_examples() {
    run(async {
        let top = nhip(&["--help"], &[], "").await;
        assert_eq!((top.code, top.err.as_str()), (0, ""));
        let listed =
            top.out.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.trim().is_empty());
        let commands: Vec<&str> =
            listed.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
        for expected in ["serve", "deploy", "rollback", "adapters", "services", "call", "caller", "policy", "demo"] {
            assert!(commands.contains(&expected), "`{expected}` is not among {commands:?}");
        }
        let mut nested =
            vec![vec!["caller", "add"], vec!["caller", "key"], vec!["caller", "list"], vec!["caller", "revoke"]];
        nested.extend([vec!["policy", "check"], vec!["policy", "explain"]]);
        nested.extend(
            ["verify", "key", "checkpoint", "export", "search", "show", "retain"].map(|name| vec!["audit", name]),
        );
        nested.extend(["list", "show", "retry", "discard"].map(|name| vec!["dead-letters", name]));
        let all = commands.iter().filter(|name| **name != "help").map(|name| vec![*name]).chain(nested);
        for mut words in all {
            words.push("--help");
            let said = nhip(&words, &[], "").await;
            assert_eq!((said.code, said.err.as_str()), (0, ""), "{words:?}");
            let examples = said
                .out
                .split("Examples:")
                .nth(1)
                .unwrap_or_else(|| panic!("{words:?} has no examples:\n{}", said.out));
            assert!(
                examples.contains(&format!("nhip {}", words[..words.len() - 1].join(" "))),
                "{words:?}: {examples}"
            );
        }
        golden("help", &top.screen(&[]));
    });
}

#[test]
fn what_cannot_be_understood_ends_with_2_and_the_usage() {
    run(async {
        for (name, words) in [
            ("usage-none", &[][..]),
            ("usage-unknown-command", &["fly"]),
            ("usage-missing-argument", &["deploy", "a.wasm"]),
            ("usage-bad-name", &["rollback", "Population"]),
            ("usage-two-keys", &["call", "a", "b", "--key", "x", "--key-file", "y"]),
        ] {
            let said = nhip(words, &[], "").await;
            assert_eq!((said.code, said.out.as_str()), (2, ""), "{name}: {said:?}");
            golden(name, &said.screen(&[]));
        }
    });
}

#[test]
fn policies_are_checked_and_explained_without_a_gateway() {
    run(async {
        let folder = folder("cli-policy");
        let file = |name: &str, text: &str| {
            fs::write(folder.join(name), text).unwrap();
            folder.join(name).display().to_string()
        };
        let (right, wrong, missing) =
            (file("right.toml", POLICY), file("wrong.toml", MISTAKEN), folder.join("none.toml"));
        let (missing, shown) = (missing.display().to_string(), folder.display().to_string());
        let replaced = [(shown.as_str(), "[FOLDER]")];
        for (name, words, code) in [
            ("policy-check", ["policy", "check", &right], 0),
            ("policy-check-mistakes", ["policy", "check", &wrong], 1),
            ("policy-check-missing", ["policy", "check", &missing], 1),
            ("policy-explain", ["policy", "explain", &right], 0),
            ("policy-explain-mistakes", ["policy", "explain", &wrong], 1),
        ] {
            let said = nhip(&words, &[], "").await;
            assert_eq!(said.code, code, "{name}: {said:?}");
            golden(name, &said.screen(&replaced));
        }
        let said = nhip(&["policy", "check", &right, &wrong, "--json"], &[], "").await;
        let lines = json_lines("policy check", &said.out);
        assert_eq!((said.code, lines.len(), lines[0]["mistakes"].as_array().map(Vec::len)), (1, 2, Some(0)));
        assert_eq!(lines[1]["mistakes"][0]["line"], 1);
    });
}

#[test]
fn a_command_that_finds_no_gateway_or_no_token_says_what_to_do() {
    run(async {
        let folder = folder("cli-lost");
        fs::write(folder.join("token"), "x".repeat(43)).unwrap();
        let (token, shown) = (folder.join("token").display().to_string(), folder.display().to_string());
        let replaced = [(shown.as_str(), "[FOLDER]")];
        // Nothing listens on the port that nobody can listen on.
        for (name, words) in [
            ("lost-gateway", &["adapters", "--admin", "127.0.0.1:1", "--token-file", &token][..]),
            ("lost-token", &["adapters", "--admin", "127.0.0.1:1", "--data", &shown]),
            ("lost-data-listener", &["call", "a", "b", "--url", "http://127.0.0.1:1", "--key", "x"]),
            ("lost-key", &["call", "a", "b", "--url", "http://127.0.0.1:1"]),
        ] {
            let said = nhip(words, &[], "").await;
            assert_eq!((said.code, said.out.as_str()), (1, ""), "{name}: {said:?}");
            golden(name, &said.screen(&replaced));
        }
    });
}
