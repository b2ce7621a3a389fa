//! What an adapter may ask an endpoint for. Nothing that was not granted gets through, however it is spelled.

use std::sync::LazyLock;

use nhip_policies::{DenialCode, Endpoint, Policy};

use crate::{LEAST, policy};

fn with_endpoint(settings: &str) -> Policy {
    policy(&format!("{LEAST}[endpoints.db]\n{settings}"))
}

pub(crate) fn endpoint(settings: &str) -> Endpoint {
    with_endpoint(settings).endpoint("db").expect("is granted").clone()
}

pub(crate) fn register() -> &'static Endpoint {
    static REGISTER: LazyLock<Endpoint> = LazyLock::new(|| {
        endpoint(
            "url = \"https://db.example:8443/dancu/1.0/\"\nmethods = [\"GET\", \"POST\"]\n\
         paths = [\"/tracuu\", \"/api/*\"]\nheaders = [\"X-Client-Id\"]\n",
        )
    });
    &REGISTER
}

fn denied(endpoint: &Endpoint, method: &str, path: &str, headers: &[&str]) -> DenialCode {
    endpoint.decide(method, path, headers).expect_err(&format!("{method} {path} {headers:?}")).code
}

#[test]
fn a_granted_request_gets_the_whole_url() {
    let register = register();
    for (path, url) in [
        ("/tracuu", "https://db.example:8443/dancu/1.0/tracuu"),
        ("/tracuu?", "https://db.example:8443/dancu/1.0/tracuu?"),
        ("/tracuu?so=1&ten=%C3%A1/?", "https://db.example:8443/dancu/1.0/tracuu?so=1&ten=%C3%A1/?"),
        ("/api/", "https://db.example:8443/dancu/1.0/api/"),
        ("/api/a/b%20c/@x:y,z=1", "https://db.example:8443/dancu/1.0/api/a/b%20c/@x:y,z=1"),
        ("/api/...", "https://db.example:8443/dancu/1.0/api/..."),
        ("/api/x?ten='y'", "https://db.example:8443/dancu/1.0/api/x?ten='y'"),
    ] {
        assert_eq!(register.decide("GET", path, ["Accept"]).expect(path), url);
    }
    let bare = endpoint("url = \"https://db.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n");
    assert_eq!(bare.decide("GET", "/", [""; 0]).expect("is granted"), "https://db.example/");
}

#[test]
fn an_endpoint_is_known_by_its_exact_name() {
    let policy = with_endpoint("url = \"https://db.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\n");
    for name in ["", "DB", "db.", "db/../db", "d", "https://db.example"] {
        assert_eq!(policy.endpoint(name).expect_err(name).code, DenialCode::EndpointNotGranted);
    }
}

#[test]
fn methods_are_compared_exactly() {
    for method in ["get", "PUT", "GET ", "", "G\u{0}", "CONNECT", "TRACE"] {
        assert_eq!(denied(register(), method, "/tracuu", &[]), DenialCode::MethodNotGranted, "{method:?}");
    }
}

#[test]
fn paths_beside_the_granted_ones_are_refused() {
    for path in ["/", "/tracu", "/tracuu/", "/tracuu/x", "/TRACUU", "/api", "/apix", "/apix/y", "/dancu/1.0/tracuu"] {
        assert_eq!(denied(register(), "GET", path, &[]), DenialCode::PathNotGranted, "{path:?}");
    }
}

#[test]
fn paths_with_two_meanings_are_refused() {
    for path in [
        "",
        "tracuu",
        "//evil.example/tracuu",
        "/api//x",
        "/api/../tracuu",
        "/api/..",
        "/api/.",
        "/api/./x",
        "/api/%2e%2e/x",
        "/api/%2E%2E/x",
        "/api/.%2E/x",
        "/api/%2Fx",
        "/api/%2fx",
        "/api/%5Cx",
        "/api/..\\x",
        "\\tracuu",
        "/api/%252e",
        "/api/x%00",
        "/api/x\u{0}",
        "/api/x\n",
        "/api/x y",
        "/api/\u{e1}",
        "/api/%7E",
        "/api/%61",
        "/api/%c3%a1",
        "/api/%",
        "/api/%4",
        "/api/%zz",
        "/api/..;/x",
        "/api/;x",
        "/api/%3B",
        "/api/x#y",
        "/tracuu#",
        "/api/x?y#z",
        "/api/<x>",
        "/api/x?\u{e1}",
        "/api/x?a b",
        "/api/x?%0A",
        "/api/x?%",
        "/api/x?a\\b",
        "/api/|",
        "/api/`",
        "/api/\"",
        "/api/{x}",
        "/api/[x]",
        "/api/^",
        "https://evil.example/tracuu",
        "@evil.example/tracuu",
        ":80/tracuu",
        "?x",
        "/api/\t",
    ] {
        assert_eq!(denied(register(), "GET", path, &[]), DenialCode::PathAmbiguous, "{path:?}");
    }
    let long = format!("/api/{}", "x".repeat(9000));
    assert_eq!(denied(register(), "GET", &long, &[]), DenialCode::PathAmbiguous);
}

#[test]
fn a_refusal_cannot_forge_a_line_of_a_log() {
    let denial = register().decide("GET", "/x\r\n\u{1b}[2Kok", [""; 0]).expect_err("is refused");
    assert!(!denial.to_string().chars().any(char::is_control), "{denial:?}");
    let denial = register().decide("GET", "/tracuu", ["x\r\ny"]).expect_err("is refused");
    assert!(!denial.to_string().chars().any(char::is_control), "{denial:?}");
}

#[test]
fn headers_are_the_safe_ones_the_granted_ones_and_no_others() {
    let register = register();
    for name in nhip_policies::SAFE_HEADERS.iter().copied().chain(["X-CLIENT-ID", "SOAPAction", "Content-Type"]) {
        register.decide("GET", "/tracuu", [name]).expect(name);
    }
    for name in ["x-other", "cookie", "x-client-id ", "", "accept\u{0}", ":path"] {
        assert_eq!(denied(register, "GET", "/tracuu", &["accept", name]), DenialCode::HeaderNotGranted, "{name:?}");
    }
    for name in [
        "Authorization",
        "Proxy-Authorization",
        "proxy-x",
        "Host",
        "Connection",
        "Keep-Alive",
        "Content-Length",
        "Transfer-Encoding",
        "TE",
        "Trailer",
        "Upgrade",
        "Expect",
        "Forwarded",
        "X-Forwarded-For",
        "X-Real-IP",
        "Via",
        "X-Nhip-Caller",
        "traceparent",
    ] {
        assert_eq!(denied(register, "GET", "/tracuu", &[name]), DenialCode::HeaderOfHost, "{name:?}");
    }
}

#[test]
fn what_the_credential_writes_is_the_hosts() {
    let with = |credential: &str| {
        endpoint(&format!(
            "url = \"https://db.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\nheaders = [\"cookie\"]\ncredential = {credential}\n"
        ))
    };
    let by_key = with("{ header = { name = \"X-Api-Key\", value = \"env:K\" } }");
    assert_eq!(denied(&by_key, "GET", "/", &["x-API-key"]), DenialCode::HeaderOfHost);
    by_key.decide("GET", "/", ["Cookie"]).expect("is granted by name");
    let signed = with("{ vxp-signature = { system-id = \"a\", secret = \"env:K\" } }");
    for name in ["XroadVnpt-systemid", "xroadvnpt-sign-header", "XroadVnpt-Sign-Header-Key", "XroadVnpt-hash-header"] {
        assert_eq!(denied(&signed, "GET", "/", &[name]), DenialCode::HeaderOfHost);
    }
    signed
        .decide("GET", "/", ["XroadVnpt-timestamp", "XroadVnpt-from", "XroadVnpt-hash-file"])
        .expect("are the guest's");
    assert_eq!(denied(&by_key, "GET", "/", &["XroadVnpt-from"]), DenialCode::HeaderNotGranted);
}

#[test]
fn addresses_inside_need_the_word_and_some_have_none() {
    let outside = register();
    let inside =
        endpoint("url = \"https://db.example\"\nmethods = [\"GET\"]\npaths = [\"/*\"]\nprivate-network = true\n");
    let code = |endpoint: &Endpoint, address: &str| {
        endpoint.address_allowed(address.parse().expect(address)).err().map(|denial| denial.code)
    };
    for address in ["8.8.8.8", "2001:4860:4860::8888"] {
        assert_eq!((code(outside, address), code(&inside, address)), (None, None), "{address}");
    }
    for address in ["127.0.0.1", "::1", "10.0.0.1", "::ffff:10.0.0.1", "100.64.0.1", "fd12::1", "64:ff9b::a00:1"] {
        assert_eq!(
            (code(outside, address), code(&inside, address)),
            (Some(DenialCode::AddressPrivate), None),
            "{address}"
        );
    }
    let never = Some(DenialCode::AddressForbidden);
    for address in [
        "169.254.169.254",
        "fd00:ec2::254",
        "0.0.0.0",
        "::",
        "255.255.255.255",
        "224.0.0.1",
        "ff02::1",
        "fe80::1",
        "192.0.2.1",
    ] {
        assert_eq!((code(outside, address), code(&inside, address)), (never, never), "{address}");
    }
}
