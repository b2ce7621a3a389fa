//! Components that attack: every function of the hostile fixture is tried, ends in a clear fault and log line, and leaves
//! a neighbour's exchanges alone. A function that no test tries fails [`every_attack_is_claimed_by_a_test`].

mod addresses;
mod egress;
mod files;
mod limits;
mod sandbox;
mod smuggling;
mod values;
mod voice;
mod wasi_http;

use crate::harness::{Answer, House, Names, Upstream, fixture, log, root, run, with_manifest};
use nhip_exchange::Record;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// The gateway of this theme: the hostile component under the name `hostile`, with narrow limits, once more as the
/// neighbour, and once more as `terse`, which may answer little and take its time.
struct Stage {
    house: House,
    upstream: Upstream,
    /// The folder that the component may write into.
    drop: PathBuf,
    /// The folder that it may read.
    inbox: PathBuf,
    /// A file beside both that it must never see or change.
    secret: PathBuf,
}

const SECRET_CONTENT: &str = "nobody may read this";

async fn stage() -> &'static Stage {
    static STAGE: OnceCell<Stage> = OnceCell::const_new();
    STAGE.get_or_init(Stage::set).await
}

impl Stage {
    async fn set() -> Self {
        let (upstream, names) = (Upstream::start().await, Names::default());
        set_names(&names);
        let house = House::start_with("hostile", |options| options.resolver = Arc::new(names)).await;
        let place = |name: &str| house.folder.join(name);
        let (drop, inbox, secret) = (place("drop"), place("in"), place("secret.txt"));
        for folder in [&drop, &inbox] {
            fs::create_dir(folder).unwrap();
        }
        fs::write(&secret, SECRET_CONTENT).unwrap();
        fs::write(inbox.join("letter.txt"), "a letter").unwrap();
        let policy = policy(&upstream, &drop, &inbox);
        house.deploy(fixture("hostile"), &policy).await.unwrap();
        for (name, limits) in [("neighbour", "cpu = \"2 s\""), ("terse", "cpu = \"10 s\"\nresponse = \"64 KiB\"")] {
            let (policy, manifest) = (policy_of_another(name, limits), with_manifest(name, "1.0.0"));
            house.deploy_as(fixture("hostile"), &policy, Some(&manifest)).await.unwrap();
        }
        Self { house, upstream, drop, inbox, secret }
    }
}

/// Where the endpoints' names lead, question by question.
fn set_names(names: &Names) {
    names.set("loopback.example", &[&["127.0.0.1"]]);
    names.set("private.example", &[&["10.11.12.13"]]);
    names.set("metadata.example", &[&["169.254.169.254"]]);
    names.set("mapped.example", &[&["::ffff:169.254.169.254"]]);
    names.set("nowhere.example", &[&["0.0.0.0"]]);
    names.set("mixed.example", &[&["127.0.0.1", "169.254.169.254"]]);
    names.set("rebinding.example", &[&["127.0.0.1"], &["169.254.169.254"]]);
    names.set("rebinding-http.example", &[&["127.0.0.1"], &["169.254.169.254"]]);
}

/// The policy of one beside the attacker: these limits, and what the component needs to be admitted.
fn policy_of_another(name: &str, limits: &str) -> String {
    format!(
        r#"adapter = "{name}"

[services]
{name} = "test:hostile/attacks@1.0.0"

[limits]
{limits}

[endpoints.unused]
url = "http://unused.example"
methods = ["GET"]
paths = ["/"]

[key-value]
quota = "64 KiB"

[callers]
any-authenticated = true
"#
    )
}

fn policy(upstream: &Upstream, drop: &Path, inbox: &Path) -> String {
    let port = upstream.port();
    let endpoint = |name: &str, private: bool| {
        format!(
            "[endpoints.{name}]\nurl = \"http://{name}.example:{port}/base\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n\
             private-network = {private}\ntimeouts = {{ total = \"2 s\" }}\n"
        )
    };
    let endpoints: String = [
        endpoint("loopback", false),
        endpoint("private", false),
        endpoint("metadata", true),
        endpoint("mapped", true),
        endpoint("nowhere", true),
        endpoint("mixed", true),
        endpoint("rebinding", true),
        endpoint("rebinding-http", true),
        endpoint("unknown", true),
    ]
    .concat();
    format!(
        r#"adapter = "hostile"

[services]
hostile = "test:hostile/attacks@1.0.0"

[limits]
memory = "32 MiB"
cpu = "400 ms"
deadline = "10 s"
request = "256 KiB"
response = "1 MiB"
upstream-request = "64 KiB"
upstream-response = "256 KiB"
upstream-calls = 8
log = "8 KiB"

[config]
greeting = "xin chào"

[key-value]
quota = "4 KiB"
keys = 8

[endpoints.system]
url = "http://127.0.0.1:{port}/base"
methods = ["GET", "POST"]
paths = ["/echo", "/redirect", "/endless", "/drip", "/silent", "/huge", "/headers", "/nonsense", "/repeat", "/granted/*"]
headers = ["x-granted"]
private-network = true
timeouts = {{ connect = "1 s", total = "1 s" }}

{endpoints}
[[files]]
host = "{drop}"
guest = "/drop"
mode = "write"

[[files]]
host = "{inbox}"
guest = "/in"
mode = "read"

[callers]
any-authenticated = true
"#,
        drop = drop.display(),
        inbox = inbox.display()
    )
}

/// Try a function of the hostile component.
async fn attack(function: &str, body: Value) -> Answer {
    attack_on("hostile", function, body).await
}

/// The same of one of the other adapters.
async fn attack_on(service: &str, function: &str, body: Value) -> Answer {
    let house = &stage().await.house;
    house.call(&house.caller("attacker").await, service, function, &body).await
}

/// A request for the component to make.
fn request(endpoint: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Value {
    json!({ "request": { "endpoint": endpoint, "method": method, "path": path, "headers": headers, "body": "" } })
}

/// An attack ended as it should: this fault for the caller with nothing of the inside, one record, one log line that
/// tells the operator more.
async fn judged(answer: &Answer, status: u16, code: &str) -> (Record, String) {
    judged_of("hostile", answer, status, code).await
}

/// The same of one of the other adapters.
async fn judged_of(adapter: &str, answer: &Answer, status: u16, code: &str) -> (Record, String) {
    answer.fault(status, code);
    let id = answer.id();
    let record = stage().await.house.record(&id).await;
    assert_eq!((record.outcome.as_str(), record.status), (code, status));
    assert_eq!((record.adapter.as_deref(), record.caller.as_deref()), (Some(adapter), Some("attacker")));
    let end = log::end_of(&id);
    assert_eq!(end["code"], code, "{end}");
    let inside = end["inside"].as_str().unwrap_or_default().to_owned();
    (record, inside)
}

/// An attack did no harm: an answer, and a record that says so.
async fn harmless(answer: &Answer) -> (Value, Record) {
    let value = answer.ok();
    let record = stage().await.house.record(&answer.id()).await;
    assert_eq!((record.outcome.as_str(), record.status), ("ok", 200));
    (value, record)
}

#[test]
fn every_attack_is_claimed_by_a_test() {
    let world = fs::read_to_string(root().join("tests/guests/hostile/wit/world.wit")).unwrap();
    let functions: Vec<&str> = world.lines().filter_map(|line| Some(line.split_once(": func(")?.0.trim())).collect();
    assert!(functions.len() >= 27, "{functions:?}");
    let tests = fs::read_dir(root().join("tests/acceptance/hostile_components")).unwrap();
    let tests = tests.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let tests: String = tests.collect::<String>().split_whitespace().collect();
    let unclaimed: Vec<_> = functions.iter().filter(|name| !tests.contains(&format!("attack(\"{name}\","))).collect();
    assert!(unclaimed.is_empty(), "no test tries {unclaimed:?}");
}

#[test]
fn the_neighbour_and_the_attacker_are_answered_when_nobody_attacks() {
    run(async {
        let (word, record) = harmless(&attack("calm", json!({ "word": "bình an" })).await).await;
        assert_eq!(word, "bình an");
        assert_eq!((record.upstream.len(), record.service.as_str()), (0, "hostile"));
    });
}
