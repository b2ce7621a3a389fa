//! A gateway as its callers and operators meet it: over its two listeners, with a key or with the admin token.

use super::{Answer, eventually};
use nhip_exchange::Record;
use nhip_manage::wire::{
    Act, ActList, AdapterDetails, Deployed, ExchangeList, IssuedKey, Line, Problem, Refused, Step,
};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder, redirect};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The addresses and the token. Clones share the keys of callers.
#[derive(Clone)]
pub(crate) struct Gateway {
    pub(crate) data: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) token: String,
    http: Client,
    keys: Arc<Mutex<HashMap<String, String>>>,
}

/// Why a deployment did not happen.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// What was deployed is wrong.
    Refused(Box<Refused>),
    /// The request itself was not taken.
    Problem(Problem),
}

impl Gateway {
    pub(crate) fn new(data: SocketAddr, admin: SocketAddr, token: &str) -> Self {
        // Somebody else in this process may have installed it; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder().redirect(redirect::Policy::none()).no_proxy().tls_certs_only([]);
        let http = builder.timeout(Duration::from_secs(60)).build().expect("an HTTP client");
        Self { data, admin, token: token.to_owned(), http, keys: Arc::default() }
    }

    /// The key of a caller; the caller is made when it is first asked for.
    pub(crate) async fn caller(&self, name: &str) -> String {
        let known = || self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if let Some(key) = known() {
            return key;
        }
        let response = self.admin_request("POST", "/api/callers").json(&json!({ "name": name })).send().await.unwrap();
        // Another test that shares the gateway may have come first, and its key is on the way.
        if response.status() == 409 {
            return eventually("the key of a caller", async || known()).await;
        }
        let issued: IssuedKey = read(response).await;
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), issued.key.clone());
        issued.key
    }

    /// One exchange.
    pub(crate) async fn call(&self, key: &str, service: &str, function: &str, body: &Value) -> Answer {
        self.call_with(key, service, function, body, &[]).await
    }

    /// One exchange with further headers.
    pub(crate) async fn call_with(
        &self,
        key: &str,
        service: &str,
        function: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Answer {
        self.try_call(key, service, function, body, headers).await.expect("an answer")
    }

    /// The same, where there may be no answer.
    pub(crate) async fn try_call(
        &self,
        key: &str,
        service: &str,
        function: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.post(format!("http://{}/services/{service}/{function}", self.data));
        request = request.header("x-api-key", key).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Ok(Answer::of(request.send().await?).await)
    }

    /// `GET` on the data listener.
    pub(crate) async fn get(&self, key: &str, path: &str) -> Answer {
        let request = self.http.get(format!("http://{}{path}", self.data)).header("x-api-key", key);
        Answer::of(request.send().await.expect("an answer")).await
    }

    /// The same, where there may be no answer.
    pub(crate) async fn try_get(&self, key: &str, path: &str) -> reqwest::Result<Answer> {
        let request = self.http.get(format!("http://{}{path}", self.data)).header("x-api-key", key);
        Ok(Answer::of(request.send().await?).await)
    }

    /// A request to the control API, with the token.
    pub(crate) fn admin_request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = method.parse().expect("a method");
        self.http.request(method, format!("http://{}{path}", self.admin)).bearer_auth(&self.token)
    }

    /// `GET` on the admin listener, as text.
    pub(crate) async fn admin_text(&self, path: &str) -> String {
        let response = self.admin_request("GET", path).send().await.expect("the admin listener");
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.text().await.expect("the whole answer")
    }

    /// `GET` on the admin listener, as one of its documents.
    pub(crate) async fn admin_get<T: DeserializeOwned>(&self, path: &str) -> T {
        read(self.admin_request("GET", path).send().await.expect("the admin listener")).await
    }

    /// Deploy a component that carries its manifest.
    pub(crate) async fn deploy(&self, component: Vec<u8>, policy: &str) -> Result<Deployed, Box<Refused>> {
        self.deploy_as(component, policy, None).await
    }

    /// Deploy, perhaps under a manifest of our own. Refusals of the request itself fail the test.
    pub(crate) async fn deploy_as(
        &self,
        component: Vec<u8>,
        policy: &str,
        manifest: Option<&str>,
    ) -> Result<Deployed, Box<Refused>> {
        self.try_deploy(component, policy, manifest).await.map_err(|refusal| match refusal {
            Refusal::Refused(refused) => refused,
            Refusal::Problem(problem) => panic!("the request was not taken: {problem:?}"),
        })
    }

    /// Deploy; whatever comes of it.
    pub(crate) async fn try_deploy(
        &self,
        component: Vec<u8>,
        policy: &str,
        manifest: Option<&str>,
    ) -> Result<Deployed, Refusal> {
        let mut form = Form::new().part("component", Part::bytes(component)).text("policy", policy.to_owned());
        if let Some(manifest) = manifest {
            form = form.text("manifest", manifest.to_owned());
        }
        // Compiling on a busy machine takes what it takes.
        let request = self.admin_request("POST", "/api/deployments").multipart(form).timeout(Duration::from_secs(240));
        let response = request.send().await.expect("the admin listener");
        if !response.status().is_success() {
            let problem = response.json().await.expect("a problem document");
            return Err(Refusal::Problem(problem));
        }
        let text = response.text().await.expect("the whole answer");
        let mut lines: Vec<Line> = text.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let end = lines.pop().expect("an end");
        check_steps(&lines);
        match end {
            Line::Deployed(deployed) => Ok(*deployed),
            Line::Refused(refused) => Err(Refusal::Refused(refused)),
            Line::Step(step) => panic!("it ended with the step {step:?}"),
        }
    }

    /// Roll an adapter back.
    pub(crate) async fn rollback(&self, adapter: &str, to: Option<&str>) -> Deployed {
        let path = format!("/api/adapters/{adapter}/rollback");
        read(self.admin_request("POST", &path).json(&json!({ "to": to })).send().await.expect("the admin listener"))
            .await
    }

    /// All there is to know of an adapter.
    pub(crate) async fn adapter(&self, name: &str) -> AdapterDetails {
        self.admin_get(&format!("/api/adapters/{name}")).await
    }

    /// The newest acts, newest first.
    pub(crate) async fn acts(&self) -> Vec<Act> {
        self.admin_get::<ActList>("/api/acts?limit=1000").await.acts
    }

    /// The records that match a query, `service=x&caller=y`, newest first.
    pub(crate) async fn records(&self, query: &str) -> Vec<Record> {
        self.admin_get::<ExchangeList>(&format!("/api/exchanges?limit=1000&{query}")).await.exchanges
    }

    /// The one record of an exchange, as soon as it is written.
    pub(crate) async fn record(&self, id: &str) -> Record {
        self.only_record(&format!("id={id}")).await
    }

    /// The one record that matches, as soon as it is written; a second one fails the test.
    pub(crate) async fn only_record(&self, query: &str) -> Record {
        let mut found =
            eventually(query, async || Some(self.records(query).await).filter(|found| !found.is_empty())).await;
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        found.remove(0)
    }
}

/// Steps come in their order, each once at the most.
fn check_steps(lines: &[Line]) {
    const ORDER: [Step; 4] = [Step::Verify, Step::Compile, Step::Smoke, Step::Switch];
    let places = lines.iter().map(|line| match line {
        Line::Step(step) => ORDER.iter().position(|known| known == step),
        end => panic!("more than one end: {end:?}"),
    });
    let places: Vec<_> = places.collect();
    assert!(places.is_sorted_by(|a, b| a < b), "{lines:?}");
}

async fn read<T: DeserializeOwned>(response: reqwest::Response) -> T {
    let status = response.status();
    let text = response.text().await.expect("the whole answer");
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
