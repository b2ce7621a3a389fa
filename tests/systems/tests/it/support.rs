//! A small SOAP client and a small VXP client, so that tests read as sentences.

use std::{collections::BTreeMap, sync::Once, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use nhip_systems::{Citizen, Ngsp, NgspConfig, Vxp, VxpConfig, vxp};
use reqwest::Client;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// No proxy, no redirect, no waiting for ever.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider().install_default().unwrap();
    });
    Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(20))
}

pub(crate) fn client() -> Client {
    client_builder().build().unwrap()
}

pub(crate) async fn ngsp() -> Ngsp {
    Ngsp::start(NgspConfig::default()).await.unwrap()
}

pub(crate) async fn vxp() -> Vxp {
    Vxp::start(VxpConfig::default()).await.unwrap()
}

/// Fetches a token with a Basic header.
pub(crate) async fn token(ngsp: &Ngsp) -> String {
    let answer = client()
        .post(ngsp.token_url())
        .basic_auth(ngsp.client_id(), Some(ngsp.client_secret()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = answer.json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// Fields of a lookup, each replaceable or removable before it is sent.
pub(crate) struct Lookup {
    pub(crate) operation: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) fields: BTreeMap<&'static str, String>,
    /// Inner XML of `NgayThangNamSinh`.
    pub(crate) birth: String,
}

impl Lookup {
    /// Everything that finds `citizen`.
    pub(crate) fn of(citizen: &Citizen) -> Self {
        let birth = match &citizen.birth.day {
            Some(day) => format!("<d:NgayThangNam>{day}</d:NgayThangNam>"),
            None => format!("<d:Nam>{}</d:Nam>", citizen.birth.year),
        };
        let fields = [
            ("MaYeuCau", "YC-0001".to_owned()),
            ("MaDVC", "1.000001".to_owned()),
            ("MaTichHop", "037".to_owned()),
            ("MaCanBo", "999000000000".to_owned()),
            ("MaDonVi", "H99".to_owned()),
            ("TaiKhoan", "canbo.thu".to_owned()),
            ("SoDinhDanh", citizen.id.clone()),
            ("HoVaTen", citizen.full_name()),
        ];
        Self {
            operation: "TraCuuThongTinCongDan",
            namespace: nhip_systems::ngsp::REQUEST_NAMESPACE,
            fields: fields.into(),
            birth,
        }
    }

    pub(crate) fn set(mut self, field: &'static str, value: &str) -> Self {
        self.fields.insert(field, value.to_owned());
        self
    }

    pub(crate) fn without(mut self, field: &'static str) -> Self {
        self.fields.remove(field);
        self
    }

    pub(crate) fn envelope(&self) -> String {
        let fields: String = self
            .fields
            .iter()
            .map(|(name, value)| format!("<d:{name}>{}</d:{name}>", quick_xml::escape::escape(value)))
            .collect();
        let Self { operation, namespace, birth, .. } = self;
        format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:d=\"{namespace}\"><s:Header/><s:Body>\
             <d:{operation}>{fields}<d:NgayThangNamSinh>{birth}</d:NgayThangNamSinh></d:{operation}></s:Body></s:Envelope>"
        )
    }

    /// Sends it with a fresh token; status and body.
    pub(crate) async fn ask(&self, ngsp: &Ngsp) -> (u16, String) {
        ask(ngsp, &self.envelope()).await
    }
}

pub(crate) async fn ask(ngsp: &Ngsp, envelope: &str) -> (u16, String) {
    let token = token(ngsp).await;
    let request = client().post(ngsp.population_url()).bearer_auth(token);
    let request = request.header("content-type", "text/xml; charset=utf-8").header("SOAPAction", "\"\"");
    let answer = request.body(envelope.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// One system's way of calling the agent.
pub(crate) struct Caller<'a> {
    pub(crate) vxp: &'a Vxp,
    pub(crate) system: &'a str,
    pub(crate) secret: String,
}

pub(crate) const TIMESTAMP: &str = "22112025T101500+0700";

impl<'a> Caller<'a> {
    pub(crate) fn new(vxp: &'a Vxp, system: &'a str) -> Self {
        let systems = vxp.systems();
        let known = systems.iter().find(|s| s.id == system).unwrap();
        Self { vxp, system, secret: known.secret.clone() }
    }

    /// All headers of a signed call.
    pub(crate) fn headers(&self, params: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all = vec![("timestamp", TIMESTAMP), ("systemid", self.system), ("Content-Type", "application/json")];
        all.extend_from_slice(params);
        vxp::sign(&self.secret, &all)
    }

    pub(crate) async fn post(&self, operation: &str, params: &[(&str, &str)]) -> String {
        self.post_body(operation, params, "application/json", "{}").await
    }

    pub(crate) async fn post_body(
        &self,
        operation: &str,
        params: &[(&str, &str)],
        content_type: &str,
        body: impl Into<reqwest::Body>,
    ) -> String {
        let headers = self.headers(params);
        raw(self.vxp, operation, &headers, content_type, body).await
    }

    pub(crate) async fn get(&self, operation: &str, params: &[(&str, &str)]) -> Vec<u8> {
        let mut request = client().get(format!("{}/{operation}", self.vxp.url()));
        for (name, value) in self.headers(params) {
            request = request.header(name, value);
        }
        request.send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    pub(crate) async fn json(&self, operation: &str, params: &[(&str, &str)]) -> Value {
        parse(&self.post(operation, params).await)
    }

    /// Sends a packet as the SDK does, digest included.
    pub(crate) async fn send(&self, edxml: &[u8], params: &[(&str, &str)]) -> Value {
        let digest = Sha256::digest(edxml).iter().map(|b| format!("{b:x}")).collect::<String>();
        let mut all = vec![("servicetype", "eDoc"), ("hash-file", digest.as_str())];
        all.extend_from_slice(params);
        let (content_type, body) = multipart("file_doc", edxml);
        parse(&self.post_body("sendEdoc", &all, &content_type, body).await)
    }

    /// The rows of `getReceivedEdocList`; an empty body is an empty list.
    pub(crate) async fn inbox(&self, params: &[(&str, &str)]) -> Vec<Value> {
        let text = self.post("getReceivedEdocList", params).await;
        if text.is_empty() {
            return Vec::new();
        }
        parse(&text)["data"].as_array().unwrap().clone()
    }

    pub(crate) async fn fetch(&self, doc_id: &str) -> Vec<u8> {
        let answer = self.json("getEdoc", &[("docId", doc_id)]).await;
        assert_eq!(answer["status"], "OK", "{answer}");
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }
}

pub(crate) async fn raw(
    vxp: &Vxp,
    operation: &str,
    headers: &[(String, String)],
    content_type: &str,
    body: impl Into<reqwest::Body>,
) -> String {
    let mut request = client().post(format!("{}/{operation}", vxp.url())).header("content-type", content_type);
    request = request.header("user-agent", "JAVASDKAgent/1.0.0 XRoad/VPCP");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.body(body.into()).send().await.unwrap().text().await.unwrap()
}

pub(crate) fn multipart(part: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let mut body = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"a.edxml\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    ("multipart/form-data; boundary=edge".into(), body)
}

pub(crate) fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}
