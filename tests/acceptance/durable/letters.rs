//! Dead letters by the operator's commands: found, read, tried again, given up.

use super::{Stage, numbered, over};
use crate::harness::{Process, folder, nhip, run};
use nhip_systems::Mode;
use serde_json::{Value, json};

const LATER: [(&str, &str); 1] = [("prefer", "respond-async")];

/// A command of the operator, which must succeed; what it printed as JSON.
async fn operator(process: &Process, words: &[&str]) -> Value {
    let (admin, token) = (format!("http://{}", process.admin), process.token.clone());
    let words = [&["--json", "dead-letters"], words].concat();
    let said = nhip(&words, &[("NHIP_ADMIN", &admin), ("NHIP_TOKEN", &token)], "").await;
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn a_dead_letter_is_found_read_tried_again_or_given_up() {
    run(async {
        let stage = Stage::set(&folder("dead-letters").join("data")).await;
        let process = stage.serve().await;
        stage.deploy_with(&process, "[delivery]\nattempts = 2\nfirst-pause = \"100 ms\"\n").await;
        let key = process.caller("van-thu").await;
        stage.vxp.faults().set(Mode::Down);
        let mut places = Vec::new();
        for number in 0..2 {
            let answer = process.call_with(&key, "documents", "send", &numbered(number, "CHẾT"), &LATER).await;
            places.push(answer.header("location").unwrap().to_owned());
        }
        for place in &places {
            let state = over(&process, &key, place).await;
            assert_eq!((&state["state"], &state["attempts"]), (&json!("dead"), &json!(2)), "{state}");
            assert_eq!(state["problem"]["type"], "urn:nhip:fault:upstream-timeout", "{state}");
        }
        let id = |at: usize| places[at].rsplit('/').next().unwrap();
        let listed = operator(&process, &["list"]).await;
        let text = listed.to_string();
        assert!(text.contains(id(0)) && text.contains(id(1)) && !text.contains("CHẾT"), "{text}");
        let shown = operator(&process, &["show", id(0)]).await.to_string();
        assert!(shown.matches("upstream-timeout").count() >= 2, "the whole story: {shown}");

        stage.vxp.faults().clear();
        operator(&process, &["retry", id(0)]).await;
        assert_eq!(over(&process, &key, &places[0]).await["state"], "done");
        operator(&process, &["discard", id(1)]).await;
        assert_eq!(process.get(&key, &places[1]).await.ok()["state"], "discarded");
        assert_eq!(stage.arrived(), ["0/CHẾT"]);
        let acts: Vec<&str> = process.acts().await.iter().map(|act| act.kind.word()).collect();
        assert_eq!(&acts[..2], ["dead-letter-discard", "dead-letter-retry"]);
    });
}
