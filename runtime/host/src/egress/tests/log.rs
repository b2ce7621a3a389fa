//! Nothing planted comes to light: not in logs at their finest, not in `Debug`, not in failures, not in the trail.

use std::io::Write;
use std::sync::Mutex;

use tracing_subscriber::fmt::MakeWriter;

use super::pki::Authority;
use super::tls::Here;
use super::upstream::{Seen, Upstream, answer};
use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn system(seen: &Seen) -> upstream::Answer {
    match seen.target.as_str() {
        "/token" => answer(200, r#"{"access_token":"planted-issued-token","token_type":"Bearer","expires_in":60}"#),
        "/echo" => answer(200, &format!("{:?}{:?}", seen.headers, seen.body)),
        "/broken" => answer(500, "planted-password-31c9 and more"),
        _ => answer(200, "good"),
    }
}

/// Every kind of credential against a friendly, an echoing and a failing path; gives all that was said about it.
async fn run(url: &str, tls: &str, resolver: Arc<dyn Resolve>) -> String {
    let credentials = [
        "credential = { header = { name = \"X-Api-Key\", value = \"env:API_KEY\" } }".to_owned(),
        "credential = { basic = { username = \"lgsp\", password = \"env:PASSWORD\" } }".to_owned(),
        "credential = { bearer = { token = \"env:TOKEN\" } }".to_owned(),
        format!(
            "credential = {{ oauth2 = {{ token-url = \"{url}/token\", client-id = \"env:CLIENT_ID\", client-secret = \"env:CLIENT_SECRET\" }} }}"
        ),
        format!(
            "credential = {{ oauth2 = {{ token-url = \"{url}/broken\", client-id = \"env:CLIENT_ID\", client-secret = \"env:CLIENT_SECRET\", authentication = \"form\" }} }}"
        ),
        "credential = { vxp-signature = { system-id = \"S\", secret = \"env:VXP\" } }".to_owned(),
    ];
    let mut said = String::new();
    for credential in credentials {
        let more = format!("{credential}\nsecrets = {{ PASSWORD = \"env:PASSWORD\" }}\nheaders = [\"X-Note\"]\n{tls}");
        let exchange = Exchange::resolving(&inside(url, &more), Arc::clone(&resolver));
        said.push_str(&format!("{:?}", exchange.egress));
        for path in ["/x", "/echo", "/broken", "/../x"] {
            let request = with(post(path, "application/json", "{\"p\":\"{{secret:PASSWORD}}\"}"), "X-Note", "n");
            said.push_str(&format!("{request:?}"));
            match exchange.send(request).await {
                Ok(response) => said.push_str(&format!("{response:?}")),
                Err(failure) => said.push_str(&format!("{failure:?} {failure}")),
            }
        }
        said.push_str(&exchange.noted());
    }
    said
}

fn silent_about_the_planted(said: &str, logged: &str) {
    for planted in PLANTED {
        assert!(!said.contains(planted), "`{planted}` was said");
        let place = logged.find(planted).and_then(|at| logged[..at].lines().last());
        assert_eq!(place, None, "`{planted}` was logged");
    }
    // The password in its other clothes: `lgsp:…` in Base64, the client's secret as a form value.
    for disguised in ["bGdzcDpwbGFudGVk", "planted%20client"] {
        assert!(!said.contains(disguised) && !logged.contains(disguised), "`{disguised}` came to light");
    }
}

#[tokio::test]
async fn no_secret_is_said_or_logged() {
    let log = Log::default();
    let subscriber =
        |log: Log| tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log).finish();
    // With a single subscriber in the process, a place in the code that another test's thread reaches first is never asked about again.
    let _second = tracing::Dispatch::new(subscriber(Log::default()));
    // The runtime of this test has one thread, so everything it does is seen.
    let _guard = tracing::subscriber::set_default(subscriber(log.clone()));

    let upstream = Upstream::start(system).await;
    let said = run(&upstream.url(), "", Arc::new(SystemResolver)).await;

    let authority = Authority::new("ours");
    let mut config = authority.certify("upstream.test").server(None, rustls::ALL_VERSIONS);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let secure = Upstream::start_tls(config, system).await;
    let url = format!("https://upstream.test:{}", secure.address.port());
    let ca = authority.file();
    let tls = format!("tls = {{ ca = \"{}\" }}", ca.path().display());
    let said_secure = run(&url, &tls, Arc::new(Here(secure.address))).await;
    assert!(secure.seen().iter().all(|seen| seen.version == http::Version::HTTP_2));

    let logged = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("text");
    assert!(logged.contains("TRACE") && logged.contains("no token was issued") && logged.contains("withheld"));
    silent_about_the_planted(&said, &logged);
    silent_about_the_planted(&said_secure, &logged);
    assert!(upstream.seen().iter().any(|seen| seen.body.windows(21).any(|part| part == b"planted-password-31c9")));
    let secret = Secret::new("planted-api-key-77f1".to_owned());
    assert_eq!(format!("{secret:?}"), "Secret(…)");
}
