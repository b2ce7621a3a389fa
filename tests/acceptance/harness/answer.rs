//! What a caller got: status, headers, body; and what every fault must look like.

use nhip_exchange::fault::TABLE;
use serde_json::Value;

/// What of the inside must never reach a caller. Paths, addresses and host names of a test are added by the test.
const INSIDE: [&str; 12] = [
    "127.0.0.1",
    "169.254",
    "localhost",
    ".rs:",
    "0x",
    "wasm",
    "backtrace",
    "panicked",
    "unreachable executed",
    "function_with_a_telling_name",
    "sqlite",
    "/tmp/",
];

/// An answer of the data listener.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let body = response.bytes().await.expect("the whole answer").to_vec();
        Self { status, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.text()))
    }

    /// The id of the exchange.
    pub(crate) fn id(&self) -> String {
        self.header("x-exchange-id").unwrap_or_else(|| panic!("no exchange: {self:?}")).to_owned()
    }

    /// The value of an answer that must be one.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    /// The code of the fault, without looking any further.
    pub(crate) fn code(&self) -> String {
        let kind = self.json()["type"].as_str().unwrap_or_default().to_owned();
        kind.strip_prefix("urn:nhip:fault:").unwrap_or("no fault").to_owned()
    }

    /// The problem document, which must be the fault of that code, complete, and tell nothing of the inside.
    pub(crate) fn fault(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code().as_str()), (status, code), "{}", self.text());
        let problem = self.json();
        let row = TABLE.iter().find(|row| row.code == code).unwrap_or_else(|| panic!("no row `{code}`"));
        assert_eq!(row.status, status, "{code}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["title"], row.title);
        assert_eq!(problem["blame"], row.blame.word());
        assert_eq!(problem["retry"], row.retry.word());
        assert_eq!(problem["exchange"], self.id());
        self.tells_nothing_of_the_inside();
        problem
    }

    /// The contract's own error value, where it is a text.
    pub(crate) fn refusal(&self) -> String {
        let problem = self.fault(422, "contract-fault");
        problem["fault"].as_str().unwrap_or_else(|| panic!("{problem}")).to_owned()
    }

    /// Neither the body nor a header shows how it looks inside.
    pub(crate) fn tells_nothing_of_the_inside(&self) {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let all = headers + &self.text();
        for inside in INSIDE {
            assert!(!all.contains(inside), "`{inside}` is told to the caller: {all}");
        }
    }
}
