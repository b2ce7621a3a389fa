//! Requests to the agent: one path each, all parameters as headers `XroadVnpt-…`.
//!
//! The host adds `XroadVnpt-systemid` and the three headers of the signature; they are not set here.

use forms::Time;
use guest::endpoints::{Header, Request, Response};
use guest::faults::Fault;
use guest::{Clock, Host, Repeat, Upstream};

use crate::Settings;
use crate::upload::Upload;

/// The agent, reached through a host.
pub(crate) struct Agent<'h> {
    pub(crate) upstream: Upstream<'h>,
    clock: &'h dyn Clock,
}

/// A call of the agent.
pub(crate) struct Call {
    path: &'static str,
    parameters: Vec<(&'static str, String)>,
    content_type: String,
    body: Vec<u8>,
    repeat: Repeat,
}

impl Call {
    /// A question, or an act that changes nothing the second time. The SDK sends an empty JSON object with it.
    pub(crate) fn new(path: &'static str) -> Self {
        Self {
            path,
            parameters: Vec::new(),
            content_type: "application/json".to_owned(),
            body: b"{}".to_vec(),
            repeat: Repeat::Harmless,
        }
    }

    /// A packet on its way out.
    pub(crate) fn upload(path: &'static str, upload: Upload) -> Self {
        Self {
            path,
            parameters: Vec::new(),
            content_type: upload.content_type,
            body: upload.body,
            repeat: Repeat::Harmful,
        }
    }

    /// With a parameter.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.parameters.push((name, value.into()));
        self
    }

    /// With a parameter that may be absent.
    pub(crate) fn with_some(self, name: &'static str, value: Option<String>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

impl<'h> Agent<'h> {
    pub(crate) fn new(host: &'h dyn Host, clock: &'h dyn Clock) -> Self {
        let upstream = Upstream { host, endpoint: "vxp", title: "the document axis" };
        Self { upstream, clock }
    }

    /// Ask the agent and wait for its answer. A status that is not a success is a fault.
    pub(crate) fn call(&self, settings: &Settings<'_>, call: Call) -> Result<Response, Fault> {
        let header = |name: String, value: String| Header { name, value };
        let own = |name: &str, value: String| header(format!("XroadVnpt-{name}"), value);
        let now = Time::from_millis(self.clock.now_millis());
        let mut headers = vec![
            header("Content-Type".to_owned(), call.content_type.clone()),
            header("Accept".to_owned(), "application/json".to_owned()),
            header("User-Agent".to_owned(), settings.user_agent.clone()),
            own("timestamp", now.to_vxp()),
            own("Content-Type", call.content_type),
            own("servicetype", "eDoc".to_owned()),
            own("version", settings.sdk_version.clone()),
        ];
        headers.extend(call.parameters.into_iter().map(|(name, value)| own(name, value)));
        let request = Request {
            method: "POST".to_owned(),
            path: call.path.to_owned(),
            headers,
            body: call.body,
            timeout_ms: None,
        };
        let response = self.upstream.send(&request, call.repeat)?;
        match response.status {
            200..=299 => Ok(response),
            _ => Err(self.upstream.bad_status(&response)),
        }
    }
}
