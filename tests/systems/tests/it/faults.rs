//! The fault switches, on both simulators and from both sides.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use nhip_systems::{Fault, Mode, Ngsp, faults::CONTROL_PATH, ngsp::codes, samples, vxp};
use serde_json::{Value, json};

use crate::support::{Caller, Lookup, ask, client, client_builder, ngsp, token, vxp};

/// The token endpoint's raw answer.
async fn post(ngsp: &Ngsp) -> reqwest::Result<reqwest::Response> {
    let request = client().post(ngsp.token_url()).basic_auth(ngsp.client_id(), Some(ngsp.client_secret()));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body("grant_type=client_credentials").send().await
}

#[tokio::test]
async fn slow_delays_the_right_answer() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Mode::Slow { millis: 300 });
    let began = Instant::now();
    assert_eq!(post(&ngsp).await.unwrap().status(), 200);
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn down_closes_the_connection_without_an_answer() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Mode::Down);
    let error = post(&ngsp).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(ngsp.token_requests(), 0, "the application never saw it");
    ngsp.faults().clear();
    assert_eq!(post(&ngsp).await.unwrap().status(), 200);
}

#[tokio::test]
async fn refusals_redirects_and_any_status_can_be_had() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Mode::Refuse { retry_after: 7 });
    let answer = post(&ngsp).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, b"7".as_slice()));
    ngsp.faults().set(Mode::Status { code: 500 });
    assert_eq!(post(&ngsp).await.unwrap().status(), 500);
    ngsp.faults().set(Mode::Redirect { location: "http://169.254.169.254/".into() });
    let answer = post(&ngsp).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "http://169.254.169.254/");
}

#[tokio::test]
async fn an_expired_token_is_refused_as_often_as_set() {
    let ngsp = ngsp().await;
    let envelope = Lookup::of(&ngsp.citizens()[0]).envelope();
    ngsp.faults().set(Fault::from(Mode::ExpiredToken).times(2));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(ask(&ngsp, &envelope).await.0);
    }
    assert_eq!(statuses, [401, 401, 200, 200], "fetching tokens in between used nothing up");
    assert_eq!(ngsp.faults().hits(), 2);
    assert_eq!(ngsp.faults().current(), Mode::None.into());

    let vxp = vxp().await;
    vxp.faults().set(Fault::from(Mode::ExpiredToken).times(1));
    let caller = Caller::new(&vxp, "vxp-mauson");
    assert_eq!(caller.json("getAgenciesList", &[]).await["ErrorCode"], vxp::codes::TIMESTAMP);
    assert_eq!(caller.json("getAgenciesList", &[]).await["ErrorCode"], vxp::codes::OK);
}

#[tokio::test]
async fn a_wrong_key_shows_where_each_system_shows_it() {
    let ngsp = ngsp().await;
    let held = token(&ngsp).await;
    ngsp.faults().set(Mode::WrongKey);
    let answer = post(&ngsp).await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "invalid_client");
    let request = client().post(ngsp.population_url()).bearer_auth(held).header("content-type", "text/xml");
    let answer = request.body(Lookup::of(&ngsp.citizens()[0]).envelope()).send().await.unwrap();
    assert_eq!(answer.status(), 500);
    assert!(answer.text().await.unwrap().contains(codes::WRONG_KEY));

    let vxp = vxp().await;
    vxp.faults().set(Mode::WrongKey);
    let answer = Caller::new(&vxp, "vxp-mauson").json("getAgenciesList", &[]).await;
    assert_eq!(answer["ErrorCode"], vxp::codes::WRONG_CREDENTIALS);
}

#[tokio::test]
async fn garbage_is_no_text_at_all_under_a_good_face() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Mode::Garbage);
    let answer = post(&ngsp).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    assert!(std::str::from_utf8(&answer.bytes().await.unwrap()).is_err());
    let vxp = vxp().await;
    vxp.faults().set(Mode::Garbage);
    let answer = client().post(vxp.url() + "/getEdoc").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
}

#[tokio::test]
async fn a_truncated_answer_loses_the_answer_not_the_work() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let params = [("from", "H99"), ("hash-file", "x"), ("to", "[]")];
    vxp.faults().set(Mode::Truncated);
    let request = client().post(vxp.url() + "/getAgenciesList");
    let request = caller.headers(&params).into_iter().fold(request, |r, (name, value)| r.header(name, value));
    let answer = request.send().await.unwrap();
    let announced = answer.content_length().unwrap();
    assert!(announced > 100);
    let mut stream = answer.bytes_stream();
    let (mut got, mut failed) = (0, false);
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => got += chunk.len() as u64,
            Err(_) => failed = true,
        }
    }
    assert!(failed && got > 0 && got < announced, "{got} of {announced}");
    assert_eq!(vxp.requests().len(), 1);

    // A document whose acknowledgement was lost is sent again and stays one document.
    let (content_type, body) = crate::support::multipart("file_doc", samples::NEW_DOCUMENT);
    let digest = <sha2::Sha256 as sha2::Digest>::digest(samples::NEW_DOCUMENT);
    let digest: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let request = client().post(vxp.url() + "/sendEdoc").header("content-type", content_type);
    let signed = caller.headers(&[("from", "H99"), ("hash-file", &digest)]);
    let request = signed.into_iter().fold(request, |r, (name, value)| r.header(name, value));
    assert!(request.body(body).send().await.unwrap().text().await.is_err());
    vxp.faults().clear();
    assert_eq!(caller.send(samples::NEW_DOCUMENT, &[("from", "H99")]).await["status"], "OK");
    assert_eq!(Caller::new(&vxp, "vxp-bothunghiem").inbox(&[]).await.len(), 1);
}

#[tokio::test]
async fn an_endless_body_flows_until_the_client_leaves_and_harms_nobody() {
    let ngsp = ngsp().await;
    for pause_millis in [0, 5] {
        ngsp.faults().set(Fault::from(Mode::EndlessBody { pause_millis }).times(1));
        let mut stream = post(&ngsp).await.unwrap().bytes_stream();
        let mut got = 0;
        while got < 200_000 {
            got += stream.next().await.unwrap().unwrap().len();
        }
        assert_eq!(post(&ngsp).await.unwrap().status(), 200, "another client is served meanwhile");
    }
    ngsp.faults().set(Mode::EndlessBody { pause_millis: 0 });
    let flowing = post(&ngsp).await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), ngsp.stop()).await.expect("stopping does not wait for the client");
    drop(flowing);
}

#[tokio::test]
async fn a_slow_body_drips_the_right_answer() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Mode::SlowBody { millis: 2 });
    let began = Instant::now();
    let answer = post(&ngsp).await.unwrap();
    let length = answer.content_length().unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert!(answer["access_token"].is_string());
    assert!(began.elapsed() >= Duration::from_millis(length), "{length} bytes in {:?}", began.elapsed());
}

#[tokio::test]
async fn huge_headers_really_are_huge() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Mode::HugeHeaders { bytes: 100_000 });
    let answer = post(&ngsp).await.unwrap();
    let size: usize = answer.headers().get_all("x-padding").iter().map(|v| v.len()).sum();
    assert!(size >= 100_000);
    ngsp.faults().set(Mode::HugeHeaders { bytes: 4 << 20 });
    assert!(post(&ngsp).await.is_err(), "an ordinary client gives up");
}

#[tokio::test]
async fn a_fault_can_be_confined_to_a_path() {
    let ngsp = ngsp().await;
    ngsp.faults().set(Fault::from(Mode::Status { code: 500 }).path("/dancu"));
    let (status, _) = ask(&ngsp, "").await;
    assert_eq!((status, ngsp.faults().hits()), (500, 1), "the token in between came as usual");
}

#[tokio::test]
async fn faults_are_set_read_and_lifted_over_http_even_when_down() {
    let ngsp = ngsp().await;
    let control = ngsp.url() + CONTROL_PATH;
    let put = |fault: Value| client().put(&control).body(fault.to_string()).send();
    let down = json!({"mode": "down", "times": 5, "path": "/"});
    assert_eq!(put(down.clone()).await.unwrap().json::<Value>().await.unwrap(), down);
    assert!(post(&ngsp).await.is_err());
    let left: Value = client().get(&control).send().await.unwrap().json().await.unwrap();
    assert_eq!(left, json!({"mode": "down", "times": 4, "path": "/"}));
    assert_eq!(put(json!({"mode": "none"})).await.unwrap().status(), 200);
    assert_eq!(post(&ngsp).await.unwrap().status(), 200);
    for mode in [
        json!({"mode": "slow", "millis": 1}),
        json!({"mode": "refuse"}),
        json!({"mode": "status", "code": 404}),
        json!({"mode": "expired-token"}),
        json!({"mode": "wrong-key"}),
        json!({"mode": "garbage"}),
        json!({"mode": "truncated"}),
        json!({"mode": "endless-body"}),
        json!({"mode": "slow-body", "millis": 1}),
        json!({"mode": "redirect", "location": "/x"}),
        json!({"mode": "huge-headers"}),
    ] {
        let answer = put(mode.clone()).await.unwrap();
        assert_eq!(answer.status(), 200, "{mode}");
        assert_eq!(answer.json::<Value>().await.unwrap()["mode"], mode["mode"]);
    }
    assert_eq!(client().delete(&control).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn senseless_faults_are_refused_by_name_and_change_nothing() {
    let ngsp = ngsp().await;
    let control = ngsp.url() + CONTROL_PATH;
    for (fault, named) in [
        (json!({"mode": "explode"}), "explode"),
        (json!({"mode": "slow"}), "millis"),
        (json!({"mode": "slow", "millis": "2"}), "invalid type"),
        (json!({"mode": "down", "milis": 3}), "milis"),
        (json!({"mode": "status", "code": 99}), "code"),
        (json!({"mode": "redirect", "location": "a\nb"}), "location"),
        (json!({"mode": "down", "times": 0}), "times"),
        (json!({"millis": 2}), "mode"),
        (json!([]), "map"),
    ] {
        let answer = client().put(&control).body(fault.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{fault}");
        let text = answer.text().await.unwrap();
        assert!(text.contains(named), "{fault}: {text}");
    }
    assert_eq!(ngsp.faults().current(), Mode::None.into());
}

#[tokio::test]
#[should_panic(expected = "senseless fault")]
async fn a_senseless_fault_set_from_a_test_fails_that_test() {
    ngsp().await.faults().set(Mode::Status { code: 0 });
}

#[tokio::test]
async fn stopping_and_dropping_free_the_port() {
    let stopped = ngsp().await;
    let dropped = ngsp().await;
    let addresses = [stopped.address(), dropped.address()];
    let kept = client_builder().build().unwrap();
    assert_eq!(kept.get(stopped.url()).send().await.unwrap().status(), 404);
    stopped.stop().await;
    assert!(tokio::net::TcpStream::connect(addresses[0]).await.is_err(), "stop waits until the listener is gone");
    drop(dropped);
    let deadline = Instant::now() + Duration::from_secs(10);
    while tokio::net::TcpStream::connect(addresses[1]).await.is_ok() {
        assert!(Instant::now() < deadline, "the listener outlived its simulator");
        tokio::task::yield_now().await;
    }
}
