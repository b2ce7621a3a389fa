//! What a vendor says an adapter needs, and how it fits what an operator grants.

use nhip_policies::{Manifest, Severity};

use crate::{LEAST, policy};

const MANIFEST: &str = r#"
name = "population"
version = "1.0.0"
description = "Tra cứu công dân"
contracts = ["lgsp:population/register@1.0.0"]

[needs.endpoints.population-db]
why = "the SOAP service"
methods = ["POST"]
paths = ["/tracuu", "/api/*"]
headers = ["soapaction", "x-client-id"]
secrets = ["PASSWORD"]

[needs.config."unit-code"]
why = "the unit that asks"

[needs.config.page]
why = "how many at one time"
required = false

[needs.key-value]
why = "remembers the last page"
quota = "2 MiB"

[[needs.files]]
guest = "/in"
mode = "write"
why = "the daily export"

[needs.limits]
memory = "128 MiB"
cpu = "500 ms"
"#;

const FITTING: &str = r#"
adapter = "population"
[services]
population = "lgsp:population/register@1.0.0"
[limits]
memory = "128 MiB"
cpu = "500 ms"
[endpoints.population-db]
url = "https://db.example"
methods = ["POST"]
paths = ["/tracuu", "/api/*"]
headers = ["x-client-id"]
secrets = { PASSWORD = "env:PASSWORD" }
[config]
unit-code = "H41"
page = "20"
[key-value]
quota = "2 MiB"
[[files]]
host = "/srv/in"
guest = "/in"
mode = "write"
"#;

fn manifest(text: &str) -> Manifest {
    Manifest::parse(text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn compared(manifest_text: &str, policy_text: &str) -> Vec<String> {
    let list = manifest(manifest_text).compare(&policy(policy_text));
    assert!(list.is_sorted_by_key(|mismatch| mismatch.severity));
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn a_policy_that_grants_just_the_needs_has_no_mismatch() {
    assert_eq!(compared(MANIFEST, FITTING), [""; 0]);
}

#[test]
fn everything_that_is_needed_and_not_granted_is_told_at_once() {
    assert_eq!(
        compared(MANIFEST, LEAST),
        [
            "refused adapter: the policy is for `a`, the adapter is `population` (hint: deploy it with the policy of `population`, or write `adapter = \"population\"`)",
            "refused services.s: the adapter does not have the contract `n:p/i@1.0.0` (hint: the adapter has `lgsp:population/register@1.0.0`)",
            "refused endpoints.population-db: is needed and not granted: the SOAP service (hint: add a section `[endpoints.population-db]`)",
            "refused config.unit-code: is needed and not set: the unit that asks (hint: add `\"unit-code\" = \"…\"` to `[config]`)",
            "refused key-value: is needed and not granted: remembers the last page (hint: add a section `[key-value]` with `quota = \"2 MiB\"`)",
            "refused files: the folder `/in` is needed and not granted: the daily export (hint: add `[[files]]` with a `host`, `guest = \"/in\"` and `mode = \"write\"`)",
            "note services: the contract `lgsp:population/register@1.0.0` of the adapter is not served (hint: add `name = \"lgsp:population/register@1.0.0\"` if callers shall have it)",
            "note config.page: may be set and is not: how many at one time (hint: add `\"page\" = \"…\"` to `[config]`)",
            "note limits.memory: the adapter suggests `128 MiB`, granted is `64 MiB` (hint: write `memory = \"128 MiB\"`)",
            "note limits.cpu: the adapter suggests `500 ms`, granted is `200 ms` (hint: write `cpu = \"500 ms\"`)",
        ]
    );
}

#[test]
fn a_narrower_grant_refuses_and_a_wider_one_is_noted() {
    let narrower = FITTING
        .replace("[\"POST\"]", "[\"GET\"]")
        .replace("\"/tracuu\", \"/api/*\"", "\"/api/x\", \"/tracuu\"")
        .replace("x-client-id", "x-other")
        .replace("PASSWORD =", "PIN =")
        .replace("\"write\"", "\"read\"")
        .replace("quota = \"2 MiB\"", "quota = \"1 MiB\"");
    let hint = "(hint: take it out)";
    assert_eq!(
        compared(MANIFEST, &narrower),
        [
            "refused endpoints.population-db.methods: `POST` is needed and not granted: the SOAP service (hint: add it to `endpoints.population-db.methods`)".to_owned(),
            "refused endpoints.population-db.paths: `/api/*` is needed and not granted: the SOAP service (hint: add it to `endpoints.population-db.paths`)".to_owned(),
            "refused endpoints.population-db.headers: `x-client-id` is needed and not granted: the SOAP service (hint: add it to `endpoints.population-db.headers`)".to_owned(),
            "refused endpoints.population-db.secrets: `PASSWORD` is needed and not granted: the SOAP service (hint: add it to `endpoints.population-db.secrets`)".to_owned(),
            "refused files: the folder `/in` must be writable and is not: the daily export (hint: write `mode = \"write\"`)".to_owned(),
            format!("note endpoints.population-db.methods: `GET` is granted that the adapter does not ask for {hint}"),
            format!("note endpoints.population-db.headers: `x-other` is granted that the adapter does not ask for {hint}"),
            format!("note endpoints.population-db.secrets: `PIN` is granted that the adapter does not ask for {hint}"),
            "note key-value.quota: the adapter suggests `2 MiB`, granted is `1 MiB`: remembers the last page (hint: write `quota = \"2 MiB\"`)".to_owned(),
        ]
    );
    let needs_little = "name = \"population\"\nversion = \"1.0.0\"\ndescription = \"d\"\ncontracts = [\"lgsp:population/register@1.0.0\"]\n";
    assert_eq!(
        compared(needs_little, FITTING),
        [
            format!("note endpoints.population-db: an endpoint is granted that the adapter does not ask for {hint}"),
            format!("note config.page: a value is granted that the adapter does not ask for {hint}"),
            format!("note config.unit-code: a value is granted that the adapter does not ask for {hint}"),
            format!("note key-value: a durable store is granted that the adapter does not ask for {hint}"),
            format!("note files: the folder `/in` is granted that the adapter does not ask for {hint}"),
        ]
    );
    let wide = FITTING.replace("\"/tracuu\", \"/api/*\"", "\"/*\"");
    assert_eq!(
        compared(MANIFEST, &wide),
        [format!("note endpoints.population-db.paths: `/*` is granted that the adapter does not ask for {hint}")]
    );
}

#[test]
fn a_manifest_is_read_with_the_same_care_as_a_policy() {
    let text = r#"name = "Population"
version = "1.0"
descripton = "x"
contracts = ["lgsp:population/register@1.0.0", "lgsp:population@1"]
[needs.endpoints.db]
methods = ["get"]
url = "https://db.example"
[needs.config.a]
why = ""
required = "yes"
[needs.limits]
memory = "4 GiB"
[[needs.files]]
guest = "in"
mode = "read"
why = "tricks \u202e with \u001b[2J the terminal"
"#;
    let mistakes = Manifest::parse(text).expect_err("has mistakes").to_string();
    assert_eq!(
        mistakes.lines().collect::<Vec<_>>(),
        [
            "1:1 description: is missing (hint: say in one line what the adapter does)",
            "1:8 name: `Population` is not a name (hint: write `population`: lower-case letters, digits and single hyphens, a letter first, at most 63)",
            "2:11 version: `1.0` is not a version (hint: write three numbers (semver), such as `1.0.0`)",
            "3:1 descripton: unknown key `descripton` (hint: did you mean `description`?)",
            "4:48 contracts[1]: `lgsp:population@1` is not a contract: the interface is missing (hint: write `namespace:package/interface@version`, such as `lgsp:population/register@1.0.0`)",
            "5:18 needs.endpoints.db.why: is missing (hint: tell the operator in one line what it is needed for)",
            "6:12 needs.endpoints.db.methods[0]: `get` is not an HTTP method (hint: write `GET`)",
            "7:1 needs.endpoints.db.url: unknown key `url` (hint: known here: `why`, `methods`, `paths`, `headers`, `secrets`)",
            "9:7 needs.config.a.why: is empty, longer than 500 characters or not one line of plain text (hint: tell the operator in one line what it is needed for)",
            "10:12 needs.config.a.required: expected `true` or `false`, found a string (hint: write it without quotes)",
            "12:10 needs.limits.memory: `4 GiB` is too much (hint: from `64 KiB` to `1 GiB`)",
            "14:9 needs.files[0].guest: `in` is not an absolute path (hint: write an absolute path, such as `/srv/exports`)",
            "16:7 needs.files[0].why: is empty, longer than 500 characters or not one line of plain text (hint: tell the operator in one line what it is needed for)",
        ]
    );
}

#[test]
fn a_mismatch_is_data_too() {
    let list = manifest(MANIFEST).compare(&policy(LEAST));
    assert_eq!(serde_json::to_value(&list).expect("is JSON")[2]["severity"], "refuse");
    assert_eq!(list[2].severity, Severity::Refuse);
}
