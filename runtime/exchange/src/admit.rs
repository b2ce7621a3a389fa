//! May this caller call? The answer is a [`Permit`], whose constructor is private to this file: without a decision
//! there is nothing to call an adapter with.

use crate::arrival::Origin;
use crate::fault::{Fault, Kind};
use crate::route::Service;
use nhip_policies::{CallerName, DenialCode};

/// The proof that the policy lets a caller call a function.
#[derive(Debug)]
pub struct Permit {
    caller: CallerName,
}

impl Permit {
    /// The caller that was let in.
    #[must_use]
    pub fn caller(&self) -> &CallerName {
        &self.caller
    }
}

/// Decide by the policy of the version that would serve.
pub(crate) fn admit(
    caller: CallerName,
    origin: &Origin,
    service: &Service,
    function: &str,
    purpose: Option<&str>,
) -> Result<Permit, Fault> {
    match origin {
        // The operator who deploys a version wrote its smoke calls and its schedules into the policy.
        Origin::Smoke(_) | Origin::Schedule(_) => Ok(Permit { caller }),
        // At every try, so that a caller who was shut out meanwhile is.
        Origin::Http | Origin::Delivery { .. } | Origin::Adapter { .. } => {
            match service.live.policy.callers.decide(&caller, &service.name, function, purpose) {
                Ok(()) => Ok(Permit { caller }),
                Err(denial) => Err(Fault::new(Kind::Forbidden, outside(denial.code)).inside(denial.to_string())),
            }
        }
    }
}

/// What the caller may know of a refusal: what it can change, and nothing of what is granted to others.
fn outside(code: DenialCode) -> &'static str {
    match code {
        DenialCode::PurposeMissing => "this service demands a purpose: name it in `X-Purpose`",
        DenialCode::PurposeNotAllowed => "the purpose named in `X-Purpose` is not one this service may be used for",
        DenialCode::FunctionNotAllowed => "this caller may not call this function; ask the operator of the gateway",
        _ => "this caller may not call this service; ask the operator of the gateway",
    }
}
