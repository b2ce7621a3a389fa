//! One upstream system: requests to it, and the one table from what goes wrong there to faults.
//!
//! | trouble | fault |
//! |---|---|
//! | not granted, certificate not accepted, credential not to be had; 401, 403, 404, 405, 407, 410; WSO2 9009xx, 900805 | `upstream-refused` |
//! | does not resolve, nothing listens, no connection in time; 500 and most of 5xx | `upstream-unavailable` |
//! | no answer in time, or the connection broke after an effect that must not be repeated was asked for; 408, 504 | `upstream-timeout` |
//! | allowance used up; 429; the other WSO2 9008xx | `busy` |
//! | too large, not HTTP; redirects, the other 4xx | `upstream-invalid` |
//! | 501 | `unsupported` |

use crate::endpoints::{Failure, FailureCode, Header, Request, Response};
use crate::fault::fault;
use crate::faults::{Fault, FaultCode};
use crate::host::Host;
use crate::logging::Level;

/// Whether asking twice does harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// It does not: a question, or an act that changes nothing the second time.
    Harmless,
    /// It may: an act whose outcome is unknown must not be called undone.
    Harmful,
}

/// An upstream system, by the name of its endpoint.
#[derive(Clone, Copy)]
pub struct Upstream<'h> {
    /// The host.
    pub host: &'h dyn Host,
    /// The name of the granted endpoint.
    pub endpoint: &'static str,
    /// What callers know the system as, e.g. `the population register`.
    pub title: &'static str,
}

impl std::fmt::Debug for Upstream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Upstream<'_> {
    /// Send a request and wait for the answer, whatever its status.
    ///
    /// # Errors
    /// There is no answer.
    pub fn send(&self, request: &Request, repeat: Repeat) -> Result<Response, Fault> {
        self.host.send(self.endpoint, request).map_err(|failure| self.no_answer(&failure, repeat))
    }

    /// A fault that blames the system.
    #[must_use]
    pub fn fault(&self, code: FaultCode, what: &str) -> Fault {
        self.host.log(Level::Warn, &format!("`{}` {what}", self.endpoint));
        fault(code, format!("{} {what}", self.title))
    }

    /// The fault of an answer whose status is not a success.
    #[must_use]
    pub fn bad_status(&self, response: &Response) -> Fault {
        let wso2 = wso2_code(&response.body);
        let code = match (wso2, response.status) {
            (Some(900_805), _) => FaultCode::UpstreamRefused,
            (Some(900_800..=900_899), _) => FaultCode::Busy,
            (Some(900_900..=900_999), _) => FaultCode::UpstreamRefused,
            (_, 401 | 403 | 404 | 405 | 407 | 410) => FaultCode::UpstreamRefused,
            (_, 408 | 504) => FaultCode::UpstreamTimeout,
            (_, 429) => FaultCode::Busy,
            (_, 501) => FaultCode::Unsupported,
            (_, 500..) => FaultCode::UpstreamUnavailable,
            _ => FaultCode::UpstreamInvalid,
        };
        let mut fault = self.fault(code, &format!("answered with HTTP status {}", response.status));
        fault.upstream_code = Some(wso2.unwrap_or(u32::from(response.status)).to_string());
        fault.retry_after = header(response, "retry-after").and_then(|text| text.trim().parse().ok());
        fault
    }

    fn no_answer(&self, failure: &Failure, repeat: Repeat) -> Fault {
        let may_have_worked = failure.sent && repeat == Repeat::Harmful;
        let (code, what) = match failure.code {
            FailureCode::Denied => (FaultCode::UpstreamRefused, "is not granted to the adapter as it needs it"),
            FailureCode::InvalidRequest => (FaultCode::Internal, "was asked in a way that the host refuses"),
            FailureCode::Tls => (FaultCode::UpstreamRefused, "does not agree with the gateway on certificates"),
            FailureCode::Credential => {
                (FaultCode::UpstreamRefused, "cannot be asked, because its credential is not to be had")
            }
            FailureCode::Unreachable if may_have_worked => {
                (FaultCode::UpstreamTimeout, "broke the connection; whether it did what was asked is unknown")
            }
            FailureCode::Unreachable => (FaultCode::UpstreamUnavailable, "cannot be reached"),
            FailureCode::Timeout if failure.sent => (FaultCode::UpstreamTimeout, "gave no answer in time"),
            FailureCode::Timeout => (FaultCode::UpstreamUnavailable, "could not be connected to in time"),
            FailureCode::TooLarge => (FaultCode::UpstreamInvalid, "answered more than is allowed"),
            FailureCode::Protocol => (FaultCode::UpstreamInvalid, "answered something that is not HTTP"),
            FailureCode::Busy => (FaultCode::Busy, "has been asked as often as is allowed for now"),
        };
        self.fault(code, what)
    }
}

/// The value of a header of an answer.
pub(crate) fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    let found = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    found.map(|Header { value, .. }| value.as_str())
}

/// The code in the error body of a WSO2 gateway, `{"fault":{"code":900901,…}}`.
fn wso2_code(body: &[u8]) -> Option<u32> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = body.get("fault")?.get("code")?;
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

#[cfg(all(test, feature = "fake"))]
mod tests;
