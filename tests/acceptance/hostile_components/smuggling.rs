//! Requests within requests: line breaks in headers and paths, framing headers, paths with two meanings.

use super::{attack, request, stage};
use crate::harness::run;

#[test]
fn headers_cannot_be_smuggled() {
    run(async {
        let cases = [
            ("X-Granted", "a\r\nX-Smuggled: 1"),
            ("X-Granted", "a\nX-Smuggled: 1"),
            ("X-Granted", "a\rX-Smuggled: 1"),
            ("X-Granted", "a\r\n\r\nGET /base/smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
            ("X-Granted", "a\0b"),
            ("X-Granted", "a\u{7f}b"),
            ("X-Granted: a\r\nX-Smuggled", "1"),
            ("X-Granted ", "1"),
            ("X-Smuggled\u{0}", "1"),
            ("", "1"),
        ];
        for (name, value) in cases {
            let refusal = attack("send", request("system", "GET", "/echo", &[(name, value)])).await.refusal();
            assert!(refusal.contains("InvalidRequest sent=false"), "{name:?}: {value:?}: {refusal}");
            assert!(!refusal.contains('\r') && !refusal.contains('\n') && !refusal.contains('\0'), "{refusal:?}");
        }
        nothing_smuggled().await;
    });
}

#[test]
fn a_component_cannot_frame_its_request_itself() {
    run(async {
        for (name, value) in [
            ("Content-Length", "0"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "keep-alive, X-Granted"),
            ("Upgrade", "h2c"),
            ("TE", "trailers"),
            ("Expect", "100-continue"),
            ("Proxy-Connection", "keep-alive"),
        ] {
            let refusal = attack("send", request("system", "POST", "/echo", &[(name, value)])).await.refusal();
            assert!(refusal.contains("Denied sent=false") && refusal.contains("is the host's"), "{name}: {refusal}");
        }
        nothing_smuggled().await;
    });
}

#[test]
fn a_path_that_could_be_read_in_two_ways_is_refused() {
    run(async {
        for path in [
            "/granted/../ungranted",
            "/granted/./x",
            "/granted/%2e%2e/ungranted",
            "/granted/..%2fungranted",
            "/granted/%2E%2E/ungranted",
            "/granted/..;/ungranted",
            "/granted\\..\\ungranted",
            "//10.0.0.1/granted/x",
            "http://10.0.0.1/granted/x",
            "granted/x",
            "",
            "/granted/x HTTP/1.1\r\nX-Smuggled: 1\r\n\r\n",
            "/granted/x\ny",
            "/granted/x#fragment",
            "/granted/%00",
            "/granted/%",
            "/granted/\u{1ee9}",
            "/granted/x?a\r\nb",
        ] {
            let refusal = attack("send", request("system", "GET", path, &[])).await.refusal();
            assert!(refusal.contains("InvalidRequest sent=false"), "{path:?}: {refusal}");
        }
        nothing_smuggled().await;
    });
}

async fn nothing_smuggled() {
    for seen in stage().await.upstream.all() {
        let all = seen.head.to_ascii_lowercase();
        assert!(!all.contains("smuggled") && !all.contains("ungranted") && !all.contains(".."), "{all}");
    }
}
