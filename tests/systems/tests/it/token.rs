//! The token endpoint.

use std::time::Duration;

use nhip_systems::{Ngsp, NgspConfig};
use serde_json::Value;

use crate::support::{Lookup, ask, client, ngsp, token};

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(ngsp: &Ngsp, authorization: Option<(&str, &str)>, content_type: &str, body: &str) -> (u16, Value) {
    let mut request = client().post(ngsp.token_url()).header("content-type", content_type);
    if let Some((id, secret)) = authorization {
        request = request.basic_auth(id, Some(secret));
    }
    let answer = request.body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn both_forms_of_client_authentication_yield_a_token() {
    let ngsp = ngsp().await;
    let (id, secret) = (ngsp.client_id().to_owned(), ngsp.client_secret().to_owned());
    let (status, by_header) = post(&ngsp, Some((&id, &secret)), FORM, "grant_type=client_credentials").await;
    assert_eq!((status, &by_header["token_type"], &by_header["expires_in"]), (200, &"Bearer".into(), &3600.into()));
    assert!(by_header["scope"].is_string());
    let body = format!("client_id={id}&client_secret={secret}&grant_type=client_credentials");
    let (status, by_form) = post(&ngsp, None, "application/x-www-form-urlencoded; charset=UTF-8", &body).await;
    assert_eq!(status, 200);
    assert_ne!(by_header["access_token"], by_form["access_token"]);
    assert_eq!(ngsp.token_requests(), 2);
    ngsp.stop().await;
}

#[tokio::test]
async fn secrets_with_reserved_characters_work_encoded_and_not() {
    let client_secret = "a b+c%2F&=ê".to_owned();
    let config = NgspConfig { client_secret: client_secret.clone(), ..NgspConfig::default() };
    let ngsp = Ngsp::start(config).await.unwrap();
    let encoded = "a+b%2Bc%252F%26%3D%C3%AA";
    let grant = "grant_type=client_credentials";
    for secret in [client_secret.as_str(), encoded] {
        assert_eq!(post(&ngsp, Some(("nhip-demo", secret)), FORM, grant).await.0, 200, "{secret}");
    }
    let body = format!("{grant}&client_id=nhip-demo&client_secret={encoded}");
    assert_eq!(post(&ngsp, None, FORM, &body).await.0, 200);
}

#[tokio::test]
async fn refusals_are_those_of_rfc_6749() {
    let ngsp = ngsp().await;
    let right = Some((ngsp.client_id(), ngsp.client_secret()));
    let grant = "grant_type=client_credentials";
    let both = format!("{grant}&client_id={}&client_secret={}", ngsp.client_id(), ngsp.client_secret());
    let cases = [
        (Some((ngsp.client_id(), "wrong")), FORM, grant, 401, "invalid_client"),
        (Some(("nobody", ngsp.client_secret())), FORM, grant, 401, "invalid_client"),
        (None, FORM, grant, 401, "invalid_client"),
        (None, FORM, "grant_type=client_credentials&client_id=nhip-demo", 401, "invalid_client"),
        (right, FORM, "grant_type=password", 400, "unsupported_grant_type"),
        (right, FORM, "", 400, "invalid_request"),
        (right, FORM, both.as_str(), 400, "invalid_request"),
        (right, FORM, "grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
        (right, FORM, "grant_type=%ff", 400, "invalid_request"),
        (right, "application/json", grant, 400, "invalid_request"),
    ];
    for (authorization, content_type, body, status, error) in cases {
        let (got, answer) = post(&ngsp, authorization, content_type, body).await;
        assert_eq!((got, answer["error"].as_str()), (status, Some(error)), "{body} {answer}");
    }
    assert_eq!(ngsp.token_requests(), 10, "refused requests count too");
    let get = client().get(ngsp.token_url()).send().await.unwrap();
    assert_eq!(get.status(), 405);
}

/// Lets time go by without waiting for it.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_token_dies_of_age_and_of_revocation() {
    let ngsp = ngsp().await;
    let lookup = Lookup::of(&ngsp.citizens()[0]).envelope();
    let held = token(&ngsp).await;
    let status = || async {
        let request = client().post(ngsp.population_url()).bearer_auth(&held).header("content-type", "text/xml");
        request.body(lookup.clone()).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status().await, 200);
    pass(Duration::from_secs(3590)).await;
    assert_eq!(status().await, 200, "still within its lifetime");
    pass(Duration::from_secs(10)).await;
    assert_eq!(status().await, 401);
    assert_eq!(ask(&ngsp, &lookup).await.0, 200, "a fresh token works");

    let held = token(&ngsp).await;
    ngsp.revoke_tokens();
    let request = client().post(ngsp.population_url()).bearer_auth(held).header("content-type", "text/xml");
    let answer = request.body(lookup).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let fault: Value = answer.json().await.unwrap();
    assert_eq!(fault["fault"]["code"], 900_901);
}

#[tokio::test]
async fn the_gateway_tells_a_missing_token_from_a_bad_one() {
    let ngsp = ngsp().await;
    let asked = |authorization: Option<&'static str>| {
        let mut request = client().post(ngsp.population_url()).header("content-type", "text/xml");
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        async move { request.body("<not even xml").send().await.unwrap() }
    };
    for (authorization, code) in
        [(None, 900_902), (Some("Bearer made-up"), 900_901), (Some("Basic eDp5"), 900_901), (Some("Bearer"), 900_901)]
    {
        let answer = asked(authorization).await;
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate"));
        let fault: Value = answer.json().await.unwrap();
        assert_eq!(fault["fault"]["code"], code, "{authorization:?}");
    }
    let seen: Vec<bool> = ngsp.requests().iter().map(|r| r.authorization_seen).collect();
    assert_eq!(seen, [false, true, true, true]);
    assert!(ngsp.requests().iter().all(|r| r.status == 401 && r.operation.is_none()));
}
