//! The admin listener: nothing of it opens without the token, to nobody.

use crate::harness::{House, run};
use reqwest::{Client, RequestBuilder};

/// Every address of the control API, and some that are none.
const ADDRESSES: [(&str, &str); 20] = [
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/api/status"),
    ("POST", "/api/stop"),
    ("GET", "/api/adapters"),
    ("GET", "/api/adapters/hostile"),
    ("DELETE", "/api/adapters/hostile"),
    ("POST", "/api/adapters/hostile/rollback"),
    ("POST", "/api/deployments"),
    ("GET", "/api/services"),
    ("GET", "/api/callers"),
    ("POST", "/api/callers"),
    ("POST", "/api/callers/mot-cua/keys"),
    ("DELETE", "/api/callers/mot-cua"),
    ("GET", "/api/exchanges"),
    ("GET", "/api/acts"),
    ("GET", "/"),
    ("GET", "/api"),
    ("GET", "/api/../api/status"),
    ("PUT", "/no/such/address"),
];

#[test]
fn every_admin_route_demands_the_token() {
    run(async {
        let house = House::start("admin").await;
        let key = house.caller("mot-cua").await;
        let (acts, admin) = (house.acts().await.len(), house.admin);
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let half: String = house.token.chars().take(20).collect();
        for (method, path) in ADDRESSES {
            let ask = || client.request(method.parse().unwrap(), format!("http://{admin}{path}"));
            let attempts: [(&str, RequestBuilder); 6] = [
                ("nothing", ask()),
                ("a caller's key", ask().bearer_auth(&key)),
                ("a caller's key by its header", ask().header("x-api-key", &key)),
                ("half of the token", ask().bearer_auth(&half)),
                ("the token as another scheme", ask().header("authorization", format!("Basic {}", house.token))),
                ("the token in the address", ask().query(&[("token", &house.token)])),
            ];
            for (what, attempt) in attempts {
                let response = attempt.send().await.unwrap();
                assert_eq!(response.status(), 401, "{method} {path} opened to {what}");
                let text = response.text().await.unwrap();
                assert!(text.contains("unauthenticated") && !text.contains(&house.token), "{what}: {text}");
            }
        }
        assert_eq!(house.acts().await.len(), acts, "none of it is an act");
        let alive = client.get(format!("http://{admin}/healthz")).send().await.unwrap();
        assert_eq!(alive.status(), 200, "only whether it is alive may everybody know");
    });
}

#[test]
fn a_web_page_cannot_reach_the_admin_listener_even_with_the_token() {
    run(async {
        let house = House::start("admin-web").await;
        for (header, value) in [("host", "evil.example"), ("origin", "http://evil.example"), ("origin", "null")] {
            let response = house.admin_request("GET", "/api/status").header(header, value).send().await.unwrap();
            assert_eq!(response.status(), 403, "{header}: {value}");
            assert!(response.headers().get("access-control-allow-origin").is_none());
        }
        assert!(house.admin_text("/api/status").await.contains("uptime_ms"));
    });
}
