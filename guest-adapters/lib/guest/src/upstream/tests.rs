//! The table from trouble to faults.

use super::*;
use crate::fake::Fake;

fn upstream(host: &Fake) -> Upstream<'_> {
    Upstream { host, endpoint: "system", title: "the system" }
}

#[test]
fn every_failure_has_its_fault() {
    use FailureCode as F;
    use FaultCode as T;
    let table = [
        (F::Denied, false, Repeat::Harmless, T::UpstreamRefused),
        (F::InvalidRequest, false, Repeat::Harmless, T::Internal),
        (F::Tls, false, Repeat::Harmless, T::UpstreamRefused),
        (F::Credential, false, Repeat::Harmless, T::UpstreamRefused),
        (F::Unreachable, false, Repeat::Harmful, T::UpstreamUnavailable),
        (F::Unreachable, true, Repeat::Harmless, T::UpstreamUnavailable),
        (F::Unreachable, true, Repeat::Harmful, T::UpstreamTimeout),
        (F::Timeout, true, Repeat::Harmless, T::UpstreamTimeout),
        (F::Timeout, false, Repeat::Harmful, T::UpstreamUnavailable),
        (F::TooLarge, true, Repeat::Harmless, T::UpstreamInvalid),
        (F::Protocol, true, Repeat::Harmless, T::UpstreamInvalid),
        (F::Busy, false, Repeat::Harmless, T::Busy),
    ];
    for (code, sent, repeat, expected) in table {
        let host = Fake::failing(code, sent);
        let request =
            Request { method: "POST".into(), path: "/".into(), headers: vec![], body: vec![], timeout_ms: None };
        let fault = upstream(&host).send(&request, repeat).unwrap_err();
        assert_eq!(fault.code, expected, "{code:?} {sent} {repeat:?}");
        assert!(fault.message.starts_with("the system "), "{}", fault.message);
        assert_eq!(host.lines.borrow().len(), 1);
    }
}

#[test]
fn every_status_has_its_fault() {
    use FaultCode as T;
    let wso2 = |code: u32| format!("{{\"fault\":{{\"code\":{code},\"message\":\"m\",\"description\":\"d\"}}}}");
    let table = [
        (301, String::new(), T::UpstreamInvalid, "301"),
        (400, String::new(), T::UpstreamInvalid, "400"),
        (401, wso2(900_901), T::UpstreamRefused, "900901"),
        (403, wso2(900_908), T::UpstreamRefused, "900908"),
        (401, "<html>".into(), T::UpstreamRefused, "401"),
        (404, String::new(), T::UpstreamRefused, "404"),
        (408, String::new(), T::UpstreamTimeout, "408"),
        (429, String::new(), T::Busy, "429"),
        (503, wso2(900_803), T::Busy, "900803"),
        (403, wso2(900_805), T::UpstreamRefused, "900805"),
        (500, String::new(), T::UpstreamUnavailable, "500"),
        (501, String::new(), T::Unsupported, "501"),
        (503, "{\"fault\":7}".into(), T::UpstreamUnavailable, "503"),
        (504, String::new(), T::UpstreamTimeout, "504"),
    ];
    for (status, body, expected, code) in table {
        let host = Fake::default();
        let response = Response {
            status,
            headers: vec![Header { name: "Retry-After".into(), value: "7".into() }],
            body: body.into_bytes(),
        };
        let fault = upstream(&host).bad_status(&response);
        assert_eq!((fault.code, fault.upstream_code.as_deref(), fault.retry_after), (expected, Some(code), Some(7)));
    }
}
