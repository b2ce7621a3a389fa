//! A scripted host for tests: answers in a row, and everything that was asked and logged.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use crate::endpoints::{Failure, FailureCode, Header, Request, Response};
use crate::exchange::Context;
use crate::host::{Clock, Host, Unreadable};
use crate::logging::Level;

/// The id of the exchange that a [`Fake`] is in: a UUIDv7 of 2020-04-15T08:30:00+07:00.
pub const EXCHANGE: &str = "01717b75-09c0-7cc3-98c4-dc0c0c07398f";

/// A scripted host.
#[derive(Default)]
pub struct Fake {
    /// The answers to come, first to last.
    pub answers: RefCell<VecDeque<Result<Response, Failure>>>,
    /// The requests so far, each with the name of its endpoint.
    pub requests: RefCell<Vec<(String, Request)>>,
    /// The settings.
    pub settings: BTreeMap<String, String>,
    /// The purpose that the exchange carries.
    pub purpose: Option<String>,
    /// The log lines so far.
    pub lines: RefCell<Vec<String>>,
}

impl Fake {
    /// One that answers this once.
    #[must_use]
    pub fn answering(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let fake = Self::default();
        fake.then(status, content_type, body);
        fake
    }

    /// One that fails once.
    #[must_use]
    pub fn failing(code: FailureCode, sent: bool) -> Self {
        let fake = Self::default();
        let failure = Failure { code, message: "as scripted".into(), sent };
        fake.answers.borrow_mut().push_back(Err(failure));
        fake
    }

    /// Answer this next.
    pub fn then(&self, status: u16, content_type: &str, body: impl Into<Vec<u8>>) {
        let headers = vec![Header { name: "Content-Type".into(), value: content_type.into() }];
        let response = Response { status, headers, body: body.into() };
        self.answers.borrow_mut().push_back(Ok(response));
    }

    /// With a setting.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.insert(key.into(), value.into());
        self
    }

    /// With a purpose.
    #[must_use]
    pub fn for_purpose(mut self, purpose: &str) -> Self {
        self.purpose = Some(purpose.into());
        self
    }

    /// The body of the last request, as text.
    #[must_use]
    pub fn last_body(&self) -> String {
        let requests = self.requests.borrow();
        let body = requests.last().map(|(_, request)| request.body.as_slice());
        String::from_utf8_lossy(body.unwrap_or_default()).into_owned()
    }

    /// A header of the last request.
    #[must_use]
    pub fn last_header(&self, name: &str) -> Option<String> {
        let requests = self.requests.borrow();
        let (_, request) = requests.last()?;
        let header = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(header.value.clone())
    }
}

impl Host for Fake {
    fn send(&self, endpoint: &str, request: &Request) -> Result<Response, Failure> {
        self.requests.borrow_mut().push((endpoint.to_owned(), request.clone()));
        let next = self.answers.borrow_mut().pop_front();
        next.unwrap_or_else(|| {
            Err(Failure { code: FailureCode::Busy, message: "the script is at its end".into(), sent: false })
        })
    }

    fn exchange(&self) -> Context {
        Context {
            id: EXCHANGE.into(),
            service: "service".into(),
            function: "function".into(),
            caller: "caller".into(),
            purpose: self.purpose.clone(),
            attempt: 1,
            deadline_ms: u64::MAX,
            traceparent: String::new(),
        }
    }

    fn setting(&self, key: &str) -> Result<Option<String>, Unreadable> {
        Ok(self.settings.get(key).cloned())
    }

    fn log(&self, _: Level, message: &str) {
        self.lines.borrow_mut().push(message.to_owned());
    }
}

impl Clock for Fake {
    fn now_millis(&self) -> u64 {
        1_586_914_260_000
    }
}
