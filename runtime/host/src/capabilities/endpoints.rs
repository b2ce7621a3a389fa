//! `nhip:adapter/endpoints`: one host call carries a whole request to a granted endpoint and its whole answer.
//!
//! Everything that matters happens in [`crate::egress`], which `wasi:http` shares; here are only the words of the contract.

use super::{Capability, endpoints_granted};
use crate::bindings::nhip::adapter::endpoints;
use crate::egress::{Failure, FailureCode, Request};
use crate::errand::Ask;
use crate::state::State;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::HasSelf;

pub(super) const CAPABILITY: Capability = Capability {
    interfaces: &["nhip:adapter/endpoints"],
    grant: endpoints_granted,
    link: |linker| endpoints::add_to_linker::<_, HasSelf<State>>(linker, |state| state),
};

impl endpoints::Host for State {
    async fn send(
        &mut self,
        endpoint: String,
        request: endpoints::Request,
    ) -> Result<endpoints::Response, endpoints::Failure> {
        let request = Request {
            method: request.method,
            path: request.path,
            headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: request.body.into(),
            timeout: request.timeout_ms.map(|millis| Duration::from_millis(u64::from(millis))),
        };
        let (budget, trail) = (Arc::clone(&self.reach.budget), Arc::clone(&self.reach.trail));
        match self.reach.errand.done(Ask { endpoint, request, budget, trail }).await {
            Ok(response) => Ok(endpoints::Response {
                status: response.status,
                headers: response.headers.into_iter().map(|(name, value)| endpoints::Header { name, value }).collect(),
                body: response.body.into(),
            }),
            Err(failure) => Err(failure.into()),
        }
    }
}

impl From<Failure> for endpoints::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            code: match failure.code {
                FailureCode::Denied => endpoints::FailureCode::Denied,
                FailureCode::InvalidRequest => endpoints::FailureCode::InvalidRequest,
                FailureCode::Unreachable => endpoints::FailureCode::Unreachable,
                FailureCode::Tls => endpoints::FailureCode::Tls,
                FailureCode::Timeout => endpoints::FailureCode::Timeout,
                FailureCode::TooLarge => endpoints::FailureCode::TooLarge,
                FailureCode::Protocol => endpoints::FailureCode::Protocol,
                FailureCode::Credential => endpoints::FailureCode::Credential,
                FailureCode::Busy => endpoints::FailureCode::Busy,
            },
            message: failure.message,
            sent: failure.sent,
        }
    }
}
