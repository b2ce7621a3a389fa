//! What an operator is told: every mistake, at its place, with its cure.

use crate::{LEAST, adds, policy, told};

#[test]
fn every_mistake_is_told_at_once_and_in_order() {
    let text = r#"adapter = "Dan_Cu"
adpater = "x"

[services]
population = "lgsp:population/register"

[limits]
memory = 64
memroy = "64 MiB"
cpu = "20 s"
deadline = "10 sec"
concurrency = 0
response = "40 GiB"

[endpoints.db]
url = "https://db.example/?x=1"
paths = ["/a/../b", "/ok", "/ok"]
private_network = true

[callers]
allow = ["*"]
"#;
    let expected = [
        "1:11 adapter: `Dan_Cu` is not a name (hint: write `dan-cu`: lower-case letters, digits and single hyphens, a letter first, at most 63)",
        "2:1 adpater: unknown key `adpater` (hint: did you mean `adapter`?)",
        "5:14 services.population: `lgsp:population/register` is not a contract: the version is missing (hint: write `namespace:package/interface@version`, such as `lgsp:population/register@1.0.0`)",
        "8:10 limits.memory: expected a size, found an integer (hint: write it as text with its unit, such as \"64 MiB\")",
        "9:1 limits.memroy: unknown key `memroy` (hint: did you mean `memory`?)",
        "10:7 limits.cpu: `20 s` of time in the guest is longer than the whole exchange (hint: at most the deadline, `10 s`)",
        "11:12 limits.deadline: `10 sec` is not a duration (hint: write `10 s`)",
        "12:15 limits.concurrency: `0` is too little (hint: from `1` to `1024`)",
        "13:12 limits.response: `40 GiB` is too much (hint: from `1 KiB` to `64 MiB`)",
        "15:12 endpoints.db.methods: is missing (hint: name them, such as `methods = [\"GET\"]`)",
        "16:7 endpoints.db.url: has a query or a fragment (hint: keep scheme, host and path; the adapter adds a query)",
        "17:10 endpoints.db.paths[0]: `/a/../b` is not a path to grant: it has the dot segment `..` (hint: write `/tracuu` for one path, `/api/*` for everything below `/api/`, `/*` for everything below the URL)",
        "17:28 endpoints.db.paths[2]: is in the list already (hint: keep one of them)",
        "18:1 endpoints.db.private_network: unknown key `private_network` (hint: did you mean `private-network`?)",
        "21:10 callers.allow[0]: there is no wildcard (hint: write `any-authenticated = true` in `[callers]` if every known caller may call)",
    ];
    assert_eq!(told(text).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_missing_is_told_at_the_table_that_lacks_it() {
    assert_eq!(
        told("").lines().collect::<Vec<_>>(),
        [
            "1:1 adapter: is missing (hint: write `adapter = \"name\"`)",
            "1:1 services: is missing (hint: add a line `name = \"namespace:package/interface@version\"`)"
        ]
    );
    adds(
        "[[smoke]]\n[[files]]\nhost = \"/srv/x\"\n",
        &[
            "4:1 smoke[0].function: is missing (hint: name a function of the service's contract)",
            "4:1 smoke[0].service: is missing (hint: name a service of this policy)",
            "5:1 files[0].guest: is missing (hint: write the path under which the adapter sees the folder, such as `/in`)",
            "5:1 files[0].mode: is missing (hint: write `read`, or `write`, which includes reading)",
        ],
    );
}

#[test]
fn columns_count_characters_and_lines_may_end_in_carriage_returns() {
    adds(
        "[config]\r\n\"đơn vị\" = \"é\"\r\nmã = { \"à\" = 1 }\r\n",
        &["6:2 config.\"mã\": invalid unquoted key, expected letters, numbers, `-`, `_`"],
    );
    adds(
        "[config]\r\n\"đơn vị\" = 1\r\n",
        &["5:12 config.\"đơn vị\": expected text, found an integer (hint: write it in double quotes)"],
    );
}

#[test]
fn broken_toml_has_its_place_and_does_not_hide_the_other_mistakes() {
    adds(
        "[limits]\nmemory = 64 MiB\nmemory = \"1 MiB\"\ncpu = \nfoo = 1\n",
        &[
            "5:10 limits.memory: is not a value (hint: text stands in double quotes: `key = \"text\"`)",
            "6:1 limits.memory: is given twice (hint: keep one of them)",
            "7:7 limits.cpu: is not a value (hint: text stands in double quotes: `key = \"text\"`)",
            "8:1 limits.foo: unknown key `foo` (hint: known here: `deadline`, `cpu`, `memory`, `concurrency`, `request`, `response`, `upstream-request`, `upstream-response`, `upstream-calls`, `log`)",
        ],
    );
    // What only seems to be missing may stand in the broken part.
    adds(
        "[[smoke]]\nservice = \n",
        &["5:11 smoke[0].service: is not a value (hint: text stands in double quotes: `key = \"text\"`)"],
    );
    // What belongs to which table is unknown below a broken header, so only the header is told.
    adds("[limits\nfoo = 1\n", &["4:8 unclosed table, expected `]`"]);
}

#[test]
fn a_secret_in_the_policy_is_refused_and_not_repeated() {
    let text = |url: &str| {
        format!(
            "{LEAST}[endpoints.db]\nurl = \"{url}\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n\
             credential = {{ basic = {{ username = \"u\", password = \"hunter2\" }} }}\n\
             [endpoints.db.secrets]\nPIN = \"hunter2\"\n"
        )
    };
    for url in ["https://u:hunter2@db.example/", "https://u:hunter2@db.exa mple/", "https://db.example/?p=hunter2"] {
        let told = told(&text(url));
        assert!(!told.contains("hunter2"), "{told}");
        assert_eq!(told.matches("a secret must not stand in a policy").count(), 2, "{told}");
        assert_eq!(told.lines().count(), 3, "{told}");
    }
}

#[test]
fn names_say_what_is_wrong_with_them() {
    for (name, good) in [
        ("a", true),
        ("a1-b2", true),
        (&"a".repeat(63), true),
        (&"a".repeat(64), false),
        ("", false),
        ("A", false),
        ("1a", false),
        ("-a", false),
        ("a-", false),
        ("a--b", false),
        ("a_b", false),
        ("a.b", false),
        ("á", false),
        ("a\u{0}", false),
    ] {
        assert_eq!(name.parse::<nhip_policies::CallerName>().is_ok(), good, "{name:?}");
    }
}

#[test]
fn units_are_wanted_and_habits_are_corrected() {
    for (value, expected) in [
        (
            "\"64\"",
            "`64` is not a size (hint: a bare number has no meaning here: add the unit, `GiB`, `MiB`, `KiB`, `B`)",
        ),
        ("\"64 MB\"", "`64 MB` is not a size (hint: write `64 MiB`)"),
        ("\"64 mib\"", "`64 mib` is not a size (hint: write `64 MiB`)"),
        (
            "\"1.5 GiB\"",
            "`1.5 GiB` is not a size (hint: a size is a whole number and a unit, `GiB`, `MiB`, `KiB`, `B`)",
        ),
        ("\"64 parsecs\"", "`64 parsecs` is not a size (hint: the units are `GiB`, `MiB`, `KiB`, `B`)"),
        ("\"-1 MiB\"", "`-1 MiB` is not a size (hint: a size is a whole number and a unit, `GiB`, `MiB`, `KiB`, `B`)"),
        (
            "\"99999999999999999999 B\"",
            "`99999999999999999999 B` is not a size (hint: the number is too large to mean anything)",
        ),
        ("\"2 GiB\"", "`2 GiB` is too much (hint: from `64 KiB` to `1 GiB`)"),
        ("1.5", "expected a size, found a float (hint: write it as text with its unit, such as \"64 MiB\")"),
    ] {
        adds(&format!("[limits]\nmemory = {value}\n"), &[&format!("5:10 limits.memory: {expected}")]);
    }
    assert_eq!(policy(&format!("{LEAST}[limits]\nmemory = \"1MiB\"")).limits.memory, 1 << 20);
}

#[test]
fn nothing_is_opened_by_leaving_it_out_or_empty() {
    adds(
        "[endpoints.db]\nurl = \"https://db.example\"\nmethods = []\n",
        &[
            "4:12 endpoints.db.paths: is missing (hint: name them; `paths = [\"/*\"]` means everything below the URL)",
            "6:11 endpoints.db.methods: is empty, so nothing could be called (hint: name them, such as `methods = [\"GET\"]`)",
        ],
    );
    for folder in ["/", "/etc/nhip", "/proc", "/run/secrets"] {
        let told = told(&format!("{LEAST}[[files]]\nhost = \"{folder}\"\nguest = \"/in\"\nmode = \"read\"\n"));
        assert!(told.contains(&format!("5:8 files[0].host: `{folder}` belongs to the machine itself")), "{told}");
    }
}

#[test]
fn a_smoke_call_has_a_body_that_could_be_one() {
    for (body, fault) in [
        ("\"[1]\"", "is JSON, but not an object (hint: write the parameters by name: `{\"id\": \"…\"}`)"),
        ("\"{\"", "is not JSON: EOF while parsing an object at line 1 column 1"),
        ("{ a = 1979-05-27 }", "the date `1979-05-27` has no place in JSON (hint: write it as text: \"1979-05-27\")"),
        ("{ a = [nan] }", "the number `nan` has no place in JSON (hint: leave it out)"),
        ("3", "expected text, found an integer (hint: write it in double quotes)"),
    ] {
        let text = format!("[[smoke]]\nservice = \"s\"\nfunction = \"f\"\nbody = {body}\n");
        adds(&text, &[&format!("7:8 smoke[0].body: {fault}")]);
    }
    let table = policy(&format!(
        "{LEAST}[[smoke]]\nservice=\"s\"\nfunction=\"f\"\nbody = {{ a = [1, -2.5, true, {{ b = \"c\" }}] }}"
    ));
    let text = policy(&format!(
        "{LEAST}[[smoke]]\nservice=\"s\"\nfunction=\"f\"\nbody = '{{\"a\":[1,-2.5,true,{{\"b\":\"c\"}}]}}'"
    ));
    assert_eq!(table, text);
}

#[test]
fn mistakes_are_data_too() {
    let mistakes = nhip_policies::Policy::parse("adapter = 1").expect_err("has mistakes");
    assert_eq!(
        serde_json::to_value(&mistakes).expect("is JSON")[1],
        serde_json::json!({"line": 1, "column": 11, "key": "adapter", "message": "expected text, found an integer", "hint": "write it in double quotes"})
    );
}
