//! The canonical form, its digest, and the explanation: one meaning, one text, and nothing forgotten.

use nhip_policies::Policy;
use proptest::prelude::*;

use crate::{FULL, LEAST, generate, policy};

#[test]
fn the_canonical_form_and_its_digest_do_not_change_by_accident() {
    let least = policy(LEAST);
    assert_eq!(
        least.to_toml(),
        r#"adapter = "a"

[services]
"s" = "n:p/i@1.0.0"

[limits]
memory = "64 MiB"
cpu = "200 ms"
deadline = "10 s"
concurrency = 64
request = "1 MiB"
response = "4 MiB"
upstream-request = "16 MiB"
upstream-response = "16 MiB"
upstream-calls = 64
log = "64 KiB"

[callers]
any-authenticated = false
allow = []
purposes = []
require-purpose = false

[logging]
level = "info"
"#
    );
    assert_eq!(least.digest_hex(), "e0187502161cdd10d10ed2f679b94150ec798d1d9034f4ccebfd492afa06231f");
    assert_eq!(policy(FULL).digest_hex(), "47b49deb014c966417040dc5d8752df9b4c8a4dd072a5f31561bcc172b23def3");
}

#[test]
fn one_meaning_has_one_digest() {
    let spelled = |text: &str| policy(&format!("{LEAST}{text}")).digest();
    let same = |a: &str, b: &str| assert_eq!(spelled(a), spelled(b), "{a}\nand\n{b}");
    same(
        "",
        "# a comment\n[limits]\nmemory = \"65536 KiB\"\ncpu = \"200ms\"\ndeadline = \"10000 ms\"\n[callers]\nallow = []\n[endpoints]\n",
    );
    let db = "[endpoints.db]\nmethods = [\"GET\"]\npaths = [\"/*\"]\nurl = \"https://db.example\"\n";
    same(db, "[endpoints]\ndb = { url = \"https://db.example/\", paths = ['/*'], methods = [\"GET\"] }\n");
    same(
        db,
        &format!(
            "{db}headers = [\"Accept\"]\nconcurrency = 64\nprivate-network = false\ntimeouts = {{ total = \"10 s\" }}\n"
        ),
    );
    same(
        &format!("{db}credential = {{ client-certificate = {{ cert = \"env:C\", key = \"env:K\" }} }}\n"),
        &format!("{db}[endpoints.db.tls.client-certificate]\nkey = \"env:K\"\ncert = \"env:C\"\n"),
    );
    same("[callers]\nallow = [\"a\", \"b\"]\n", "[callers]\nallow = [\"b\", \"a\"]\nrequire-purpose = false\n");
    same(
        "[callers]\nany-authenticated = true\npurposes = [\"p\"]\n",
        "[callers]\nany-authenticated = true\nrequire-purpose = true\npurposes = [\"p\"]\n",
    );
    same(
        "[[smoke]]\nservice = \"s\"\nfunction = \"f\"\nbody = '{ \"b\": 1, \"a\": [] }'\n",
        "[[smoke]]\nfunction = \"f\"\nservice = \"s\"\nexpect = \"ok\"\nbody = { a = [], b = 0x1 }\n",
    );
}

/// Where the leaves of a tree are.
fn leaves(value: &toml::Value, path: &[String], found: &mut Vec<Vec<String>>) {
    let below = |key: &str| path.iter().cloned().chain([key.to_owned()]).collect::<Vec<_>>();
    match value {
        toml::Value::Table(table) => table.iter().for_each(|(key, value)| leaves(value, &below(key), found)),
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            items.iter().enumerate().for_each(|(index, item)| leaves(item, &below(&index.to_string()), found));
        }
        _ => found.push(path.to_vec()),
    }
}

/// The tree without one leaf.
fn without(tree: &toml::Table, path: &[String]) -> toml::Table {
    let mut tree = toml::Value::Table(tree.clone());
    let mut here = &mut tree;
    let (last, way) = path.split_last().expect("has a leaf");
    for step in way {
        here = match here {
            toml::Value::Array(items) => &mut items[step.parse::<usize>().expect("is an index")],
            table => table.get_mut(step).expect("is there"),
        };
    }
    here.as_table_mut().expect("is a table").remove(last).expect("is there");
    tree.try_into().expect("is a table")
}

/// Every setting of a policy that uses them all is taken out, one at a time: what is left is a mistake, or another policy, with another
/// digest and another explanation. A setting that the parser, the canonical form or the explanation forgot fails here.
#[test]
fn no_setting_is_forgotten() {
    let full = policy(FULL);
    let tree: toml::Table = FULL.parse().expect("is TOML");
    let mut paths = Vec::new();
    leaves(&toml::Value::Table(tree.clone()), &[], &mut paths);
    assert_eq!(paths.len(), 90, "{paths:?}");
    let mut changed = 0;
    for path in paths {
        let rest = without(&tree, &path).to_string();
        if let Ok(other) = Policy::parse(&rest) {
            changed += 1;
            assert_ne!(other, full, "{path:?}");
            assert_ne!(other.digest(), full.digest(), "{path:?}");
            let words = |policy: &Policy| policy.explain().replace(&policy.digest_hex(), "");
            assert_ne!(words(&other), words(&full), "{path:?}");
        }
    }
    // The others are mandatory; the explanation is asked for those below.
    assert_eq!(changed, 46);
}

#[test]
fn every_value_is_in_the_explanation() {
    fn texts(value: &toml::Value, found: &mut Vec<String>) {
        match value {
            toml::Value::Table(table) => table.values().for_each(|value| texts(value, found)),
            toml::Value::Array(items) => items.iter().for_each(|value| texts(value, found)),
            toml::Value::String(text) => found.push(text.clone()),
            toml::Value::Integer(number) => found.push(format!(": {number}\n")),
            _ => {}
        }
    }
    let mut found = Vec::new();
    texts(&toml::Value::Table(FULL.parse().expect("is TOML")), &mut found);
    let words = policy(FULL).explain();
    let untold: Vec<_> = found.iter().filter(|text| !words.contains(*text)).collect();
    // Told in other words.
    assert_eq!(untold, ["write"], "in\n{words}");
}

/// The policy above uses every setting: each key that the canonical form can have is a key of it. Keys that are somebody's own names,
/// and the one setting that contradicts another, are left aside.
#[test]
fn the_full_policy_is_full() {
    let keys = |text: &str| {
        let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.to_owned());
        text.lines().filter_map(key).filter(|key| !key.starts_with('"')).collect::<std::collections::BTreeSet<_>>()
    };
    let (written, printed) = (keys(FULL), keys(&policy(FULL).to_toml()));
    let missing: Vec<_> = printed.difference(&written).collect();
    assert_eq!(missing, ["any-authenticated", "require-purpose"]);
}

#[test]
fn the_explanation_tells_what_is_granted_and_what_is_not() {
    let words = policy(LEAST).explain();
    for line in [
        "  nobody may call (default)",
        "  none: the adapter reaches nothing over the network",
        "  none: the adapter sees no files",
        "  memory, over all memories and tables: 64 MiB (default)",
        "  the value of any secret",
    ] {
        assert!(words.lines().any(|told| told == line), "{line}\nin\n{words}");
    }
    let words = policy(FULL).explain();
    for line in [
        "  population: lgsp:population/register@1.0.0",
        "  `cong-dvc` may call only: population/verify",
        "  memory, over all memories and tables: 32 MiB",
        "  `population-db` at https://api.ngsp.example/dancu/1.0",
        "    credential, placed by the host: OAuth2 token from https://id.ngsp.example/token, client env:NGSP_ID, secret file:/run/secrets/ngsp in the form, scope `read`",
        "    placeholder in headers and body: `{{secret:PASSWORD}}` becomes env:NGSP_PASSWORD",
        "    oldest version spoken: TLS 1.3",
        "  may read, create, change and remove what lies below `/srv/out`, which it sees as `/out`",
        "  `population/find` with {\"id\":\"000000000000\"} for the purpose `tthc-ho-tich` must end in a fault of the adapter",
    ] {
        assert!(words.lines().any(|told| told == line), "{line}\nin\n{words}");
    }
    let clear = "[endpoints.db]\nmethods = [\"GET\"]\npaths = [\"/*\"]\nurl = \"http://db.example\"\n";
    assert!(policy(&format!("{LEAST}{clear}")).explain().contains("NOT ENCRYPTED"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_policy_printed_and_parsed_is_the_same_policy(policy in generate::policy()) {
        let text = policy.to_toml();
        let parsed = Policy::parse(&text).map_err(|mistakes| TestCaseError::fail(format!("{mistakes}\nin\n{text}")))?;
        prop_assert_eq!(&parsed, &policy);
        prop_assert_eq!(parsed.to_toml(), text);
        prop_assert_eq!(parsed.digest(), policy.digest());
        policy.explain();
    }

    #[test]
    fn the_order_of_a_file_has_no_meaning(policy in generate::policy(), seed in any::<u64>()) {
        // Sections keep their own lines; both sections and the lines in them change places, but for the smoke calls, whose order counts.
        let text = policy.to_toml();
        let (head, rest) = text.split_once("\n\n").expect("has sections");
        let (smoke, mut sections): (Vec<&str>, Vec<&str>) = rest.split("\n\n").partition(|section| section.starts_with("[[smoke]]"));
        let key = |text: &str| text.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        sections.sort_by_key(|section| key(section));
        let shuffled = sections.into_iter().chain(smoke).map(|section| {
            let mut lines: Vec<&str> = section.trim_end().lines().collect();
            lines[1..].sort_by_key(|line| key(line));
            lines.join("  # a comment\n")
        });
        let shuffled = format!("{head}\n\n\n{}\n", shuffled.collect::<Vec<_>>().join("\n"));
        let parsed = Policy::parse(&shuffled).map_err(|mistakes| TestCaseError::fail(format!("{mistakes}\nin\n{shuffled}")))?;
        prop_assert_eq!(parsed.digest(), policy.digest());
    }

    #[test]
    fn another_meaning_has_another_digest(a in generate::policy(), b in generate::policy()) {
        prop_assert_eq!(a == b, a.digest() == b.digest());
    }
}
