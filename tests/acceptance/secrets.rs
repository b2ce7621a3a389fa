//! Planted secrets and planted people: after good exchanges, bad ones and refused deployments, none of them is found in
//! any log, answer, report, metric, record or file of the gateway; only the systems they are meant for have seen them.

use crate::harness::{Answer, Gateway, House, Refusal, Upstream, adapter, fixture, log, run};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nhip_systems::vxp::VxpSystem;
use nhip_systems::{Citizen, Mode, Ngsp, NgspConfig, Vxp, VxpConfig};
use serde_json::{Value, json};
use std::path::Path;

const OAUTH2: &str = "planted-oauth2-client-secret-4b1d";
const VXP: &str = "planted-vxp-signature-secret-93ae";
const BASIC: &str = "planted-basic-password-77c0";
const HEADER: &str = "planted-header-value-e5f2";
const BEARER: &str = "planted-bearer-token-0a64";
const PLACEHOLDER: &str = "planted-placeholder-\"&<-secret-b8d9";
const MISPLACED: &str = "planted-literal-in-a-policy-61ff";
const WRONG_KEY: &str = "planted-wrong-caller-key-3c7e";

/// A made-up person whom only callers' requests name, and who must be nowhere else.
const PERSON: &str = "Nguyễn Thị Cấy Ghép";
const PERSON_ID: &str = "999199412345";

/// Everything that came out of the gateway.
struct Found {
    /// What may hold personal data: answers to the caller that asked for them.
    private: Vec<String>,
    /// What may not.
    public: Vec<(String, String)>,
}

impl Found {
    fn private(&mut self, answer: &Answer) {
        self.private.push(format!("{:?} {}", answer.headers, answer.text()));
    }

    fn public(&mut self, what: &str, text: String) {
        self.public.push((what.to_owned(), text));
    }

    /// The fault of an exchange: it must hold no personal data, not even the caller's own.
    fn fault(&mut self, what: &str, answer: &Answer) {
        assert_ne!(answer.status, 200, "{what}: {}", answer.text());
        self.public(what, format!("{:?} {}", answer.headers, answer.text()));
    }
}

struct Stage {
    house: House,
    ngsp: Ngsp,
    vxp: Vxp,
    upstream: Upstream,
}

impl Stage {
    async fn set() -> Self {
        let ngsp = Ngsp::start(NgspConfig { client_secret: OAUTH2.to_owned(), ..NgspConfig::default() }).await.unwrap();
        let mut config = VxpConfig::default();
        let system = |system: VxpSystem| {
            if system.id == "vxp-mauson" { VxpSystem { secret: VXP.to_owned(), ..system } } else { system }
        };
        config.systems = config.systems.into_iter().map(system).collect();
        let (vxp, upstream) = (Vxp::start(config).await.unwrap(), Upstream::start().await);
        let secrets = [
            ("NGSP_ID", ngsp.client_id()),
            ("NGSP_SECRET", OAUTH2),
            ("VXP_SECRET", VXP),
            ("BASIC", BASIC),
            ("HEADER", HEADER),
            ("BEARER", BEARER),
            ("PLACEHOLDER", PLACEHOLDER),
        ];
        let house = House::with_secrets("secrets", &secrets).await;
        house.deploy(adapter("population-1.0.0"), &crate::population::policy(&ngsp, "2 s")).await.unwrap();
        house.deploy(adapter("documents-1.0.0"), &crate::documents::policy(&vxp)).await.unwrap();
        house.deploy(fixture("hostile"), &hostile(&upstream, "")).await.unwrap();
        Self { house, ngsp, vxp, upstream }
    }

    async fn call(&self, caller: &str, function: &str, body: &Value) -> Answer {
        let (service, function) = function.split_once('/').unwrap();
        self.house.call(&self.house.caller(caller).await, service, function, body).await
    }

    async fn send(&self, endpoint: &str, path: &str, body: &str) -> Answer {
        let headers = [("Content-Type", "application/json")];
        let request = json!({ "endpoint": endpoint, "method": "POST", "path": path, "headers": headers, "body": body });
        self.call("mot-cua", "hostile/send", &json!({ "request": request })).await
    }
}

fn hostile(upstream: &Upstream, more: &str) -> String {
    let endpoint = |name: &str, credential: &str| {
        format!(
            "[endpoints.{name}]\nurl = \"http://127.0.0.1:{}\"\nmethods = [\"POST\"]\npaths = [\"/*\"]\nprivate-network = true\n{credential}\n",
            upstream.port()
        )
    };
    [
        "adapter = \"hostile\"\n[services]\nhostile = \"test:hostile/attacks@1.0.0\"\n[limits]\ndeadline = \"3 s\"\ncpu = \"1 s\"\n\
         [key-value]\n[callers]\nany-authenticated = true\n",
        &endpoint("basic", "credential = { basic = { username = \"lgsp\", password = \"env:BASIC\" } }"),
        &endpoint("header", "credential = { header = { name = \"X-Api-Key\", value = \"env:HEADER\" } }"),
        &endpoint("bearer", "credential = { bearer = { token = \"env:BEARER\" } }"),
        &endpoint("placeholder", "secrets = { PASSWORD = \"env:PLACEHOLDER\" }"),
        more,
    ]
    .concat()
}

/// What goes well.
async fn good(stage: &Stage, citizen: &Citizen, found: &mut Found) {
    let answer = stage.call("mot-cua", "population/find", &crate::population::find(citizen)).await;
    assert!(answer.ok().to_string().contains(&citizen.id));
    found.private(&answer);
    let answer = stage.call("van-thu", "documents/send", &crate::documents::document(json!([]))).await;
    answer.ok();
    found.private(&answer);
    for (endpoint, body) in
        [("basic", "{}"), ("header", "{}"), ("bearer", "{}"), ("placeholder", "{\"password\":\"{{secret:PASSWORD}}\"}")]
    {
        let answer = stage.send(endpoint, &format!("/{endpoint}"), body).await;
        answer.ok();
        found.public(endpoint, answer.text());
    }
}

/// The systems did get the credentials: otherwise nothing here would prove anything.
fn arrived(upstream: &Upstream) {
    let seen = |path: &str| upstream.seen(path).pop().unwrap_or_else(|| panic!("nothing came to {path}"));
    let basic = format!("Basic {}", STANDARD.encode(format!("lgsp:{BASIC}")));
    assert_eq!(seen("/basic").header("authorization"), Some(basic.as_str()));
    assert_eq!(seen("/header").header("x-api-key"), Some(HEADER));
    assert_eq!(seen("/bearer").header("authorization"), Some(format!("Bearer {BEARER}").as_str()));
    let body: Value = serde_json::from_slice(&seen("/placeholder").body).expect("JSON, whatever the secret holds");
    assert_eq!(body["password"], PLACEHOLDER);
}

/// What goes wrong, in every way that could carry a secret or a person out.
async fn bad(stage: &Stage, citizen: &Citizen, found: &mut Found) {
    for endpoint in ["basic", "header", "bearer", "placeholder"] {
        let body = if endpoint == "placeholder" { "{{secret:PASSWORD}}" } else { "" };
        let answer = stage.send(endpoint, "/repeat", body).await;
        assert!(answer.refusal().contains("withheld"), "{endpoint}: {}", answer.text());
        found.fault(endpoint, &answer);
        found.fault(endpoint, &stage.send(endpoint, "/nonsense", body).await);
        found.fault(endpoint, &stage.send(endpoint, "/a/../b", body).await);
    }
    let find = crate::population::find(citizen);
    for mode in
        [Mode::Garbage, Mode::Truncated, Mode::Status { code: 500 }, Mode::WrongKey, Mode::ExpiredToken, Mode::Down]
    {
        stage.ngsp.faults().set(mode.clone());
        found.fault("population", &stage.call("mot-cua", "population/find", &find).await);
    }
    stage.ngsp.faults().clear();
    for mode in [Mode::Garbage, Mode::WrongKey, Mode::ExpiredToken, Mode::Down] {
        stage.vxp.faults().set(mode.clone());
        found
            .fault("documents", &stage.call("van-thu", "documents/send", &crate::documents::document(json!([]))).await);
    }
    stage.vxp.faults().clear();
    let mut stranger = find.clone();
    stranger["request"]["fullName"] = json!(PERSON);
    stranger["request"]["number"]["val"] = json!(PERSON_ID);
    let answer = stage.call("mot-cua", "population/find", &stranger).await;
    assert!(matches!(answer.status, 404 | 502), "{}", answer.text());
    found.fault("a stranger", &answer);
    stranger["request"]["birth"] = json!({ "tag": PERSON, "val": PERSON_ID });
    stranger["request"]["officer"] = json!({ "account": [PERSON], "code": { PERSON: PERSON_ID } });
    found.fault("misfits", &stage.call("mot-cua", "population/find", &stranger).await);
    let person = json!({ "word": { PERSON: PERSON_ID }, PERSON: PERSON_ID });
    // The place of an unknown member is its name, which is the caller's own word and told to nobody else.
    let answer = stage.call("mot-cua", "hostile/calm", &person).await;
    assert!(!answer.text().contains(PERSON_ID), "{}", answer.text());
    found.private(&answer);
    for function in ["hostile/trap", "hostile/recurse", "hostile/spin", "hostile/sleep"] {
        let body = match function {
            "hostile/recurse" => json!({ "depth": 1 }),
            "hostile/sleep" => json!({ "millis": 60_000 }),
            _ => json!({}),
        };
        found.fault(function, &stage.call("mot-cua", function, &body).await);
    }
    found.fault("a wrong key", &stage.house.call(WRONG_KEY, "population", "find", &stranger).await);
    // The service's own word to its caller is handed on, and kept nowhere.
    let answer = stage.call("mot-cua", "hostile/refuse", &json!({ "reason": format!("{PERSON} {PERSON_ID}") })).await;
    assert!(answer.refusal().contains(PERSON));
    found.private(&answer);
}

/// Deployments that are refused with secrets all around them.
async fn refused(stage: &Stage, found: &mut Found) {
    let literal = "credential = { bearer = { token = \"planted-literal-in-a-policy-61ff\" } }";
    assert!(literal.contains(MISPLACED));
    let smoke =
        format!("[[smoke]]\nservice = \"hostile\"\nfunction = \"refuse\"\nbody = {{ reason = \"{PERSON}\" }}\n");
    let not_set = "[endpoints.more]\nurl = \"http://127.0.0.1:1\"\nprivate-network = true\nmethods = [\"GET\"]\npaths = [\"/\"]\n\
         credential = { bearer = { token = \"env:NOT_SET\" } }\n";
    for more in [format!("[endpoints.more]\nurl = \"https://more.example\"\n{literal}\n"), smoke, not_set.to_owned()] {
        let outcome = stage.house.try_deploy(fixture("hostile"), &hostile(&stage.upstream, &more), None).await;
        let Err(Refusal::Refused(refused)) = outcome else { panic!("{outcome:?}") };
        found.public("a refused deployment", serde_json::to_string(&refused).unwrap());
    }
}

/// Everything that an operator can look at.
async fn looked_at(gateway: &Gateway, found: &mut Found) {
    for path in [
        "/metrics",
        "/readyz",
        "/api/status",
        "/api/services",
        "/api/callers",
        "/api/acts?limit=1000",
        "/api/exchanges?limit=1000",
        "/api/adapters",
        "/api/adapters/population",
        "/api/adapters/documents",
    ] {
        found.public(path, gateway.admin_text(path).await);
    }
    // The operator's own policy, as written, with the smoke call's made-up body in it, was never deployed.
    found.public("hostile", gateway.admin_text("/api/adapters/hostile").await);
    let wrong = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let response =
        wrong.get(format!("http://{}/api/status", gateway.admin)).bearer_auth(WRONG_KEY).send().await.unwrap();
    assert_eq!(response.status(), 401);
    found.public("a wrong token", response.text().await.unwrap());
}

/// All bytes that the gateway keeps, but for the one file that is there to hold the token.
fn kept(folder: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            kept(&path, into);
        } else if !path.ends_with("admin-token") {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn absent(what: &str, text: &[u8], planted: &[&str]) {
    for planted in planted {
        let found = text.windows(planted.len()).any(|window| window == planted.as_bytes());
        assert!(!found, "`{planted}` is in {what}");
    }
}

#[test]
fn no_secret_leaves_the_host() {
    run(async {
        let stage = Stage::set().await;
        let citizen = stage.ngsp.citizens()[5].clone();
        let mut found = Found { private: Vec::new(), public: Vec::new() };
        good(&stage, &citizen, &mut found).await;
        arrived(&stage.upstream);
        bad(&stage, &citizen, &mut found).await;
        refused(&stage, &mut found).await;
        looked_at(&stage.house, &mut found).await;

        let (token, mot_cua, van_thu) =
            (stage.house.token.clone(), stage.house.caller("mot-cua").await, stage.house.caller("van-thu").await);
        let data = stage.house.data_folder();
        stage.house.stop().await;

        let basic = STANDARD.encode(format!("lgsp:{BASIC}"));
        let escaped = serde_json::to_string(PLACEHOLDER).unwrap();
        let credentials = [
            OAUTH2,
            VXP,
            BASIC,
            &basic,
            HEADER,
            BEARER,
            PLACEHOLDER,
            escaped.trim_matches('"'),
            MISPLACED,
            WRONG_KEY,
            &token,
            &mot_cua,
            &van_thu,
        ];
        let name = citizen.full_name();
        let personal =
            [PERSON, PERSON_ID, citizen.id.as_str(), name.as_str(), citizen.permanent_residence.detail.as_str()];
        for text in &found.private {
            absent("an answer to a caller", text.as_bytes(), &credentials);
        }
        let mut files = Vec::new();
        kept(&data, &mut files);
        assert!(
            files.iter().any(|(name, bytes)| name.contains(".db") || bytes.starts_with(b"SQLite format 3")),
            "no database was looked at"
        );
        files.push(("the log".to_owned(), log::all().into_bytes()));
        files.extend(found.public.into_iter().map(|(what, text)| (what, text.into_bytes())));
        for (what, bytes) in &files {
            absent(what, bytes, &credentials);
            absent(what, bytes, &personal);
        }
    });
}
