//! The directory of organisations.

use nhip_systems::{samples, vxp::codes};
use serde_json::{Value, json};

use crate::support::{Caller, client, vxp};

async fn register(caller: &Caller<'_>, agency: &Value) -> Value {
    let text = caller.post_body("registerAgency", &[], "application/json", agency.to_string()).await;
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn lists_tell_codes_of_both_generations() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    let old = caller.json("getAgenciesList", &[]).await;
    let new = caller.json("getAgenciesListQD20", &[]).await;
    let (old, new) = (old["data"].as_array().unwrap(), new["data"].as_array().unwrap());
    assert_eq!((old.len(), new.len()), (4, 4));
    assert_eq!((&old[1]["code"], &new[1]["code"]), (&"000.00.01.H99".into(), &"H99.01".into()));
    assert_eq!((&new[1]["code102"], &new[1]["pid"]), (&"000.00.01.H99".into(), &"1".into()));
    assert!(old.iter().all(|o| o["id"].is_string() && o["name"].is_string() && o["mail"].is_string()));
}

#[tokio::test]
async fn an_organisation_registers_receives_and_is_deleted() {
    let vxp = vxp().await;
    let (caller, sender) = (Caller::new(&vxp, "vxp-binhgia"), Caller::new(&vxp, "vxp-mauson"));
    let agency = json!({"id": "77", "pcode": "H98", "code": "H98.07", "name": "Sở Mẫu", "mail": "m@binhgia.example",
        "mobile": "0", "fax": ""});
    let answer = register(&caller, &agency).await;
    assert_eq!((&answer["status"], &answer["data"]["id"]), (&"OK".into(), &"77".into()), "{answer}");
    let to_it = [("from", "H99"), ("to", r#"["H98.07"]"#)];
    assert_eq!(sender.send(samples::NEW_DOCUMENT, &to_it).await["status"], "OK");
    assert_eq!(caller.inbox(&[]).await[0]["to"], "H98.07");

    for (by, code) in [(&sender, codes::AGENCY), (&caller, codes::OK), (&caller, codes::AGENCY)] {
        assert_eq!(by.json("deleteAgency", &[("AgencyCode", "H98.07")]).await["ErrorCode"], code);
    }
    assert_eq!(sender.send(samples::RECALL, &to_it).await["ErrorCode"], codes::UNKNOWN_RECIPIENT);
    assert_eq!(caller.inbox(&[]).await.len(), 1, "what it received before is still there");
    let units = caller.json("getSynchronizeUnit", &[]).await;
    let unit = units["data"].as_array().unwrap().iter().find(|u| u["id"] == "77").unwrap().clone();
    assert_eq!((&unit["deleted"], &unit["isAgency"], &unit["pid"]), (&true.into(), &true.into(), &"3".into()));
    assert!(!unit["modifyDate"].as_str().unwrap().is_empty() && unit["version"].is_u64());
    assert_eq!(vxp.organisations().len(), 4);
}

#[tokio::test]
async fn contradictory_registrations_are_refused() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-binhgia");
    for agency in [
        json!({"code": "H99", "name": "taken"}),
        json!({"code": "000.00.00.H99", "name": "taken, old form"}),
        json!({"code": "H98.01", "name": "id taken", "id": "1"}),
        json!({"code": "H98.01", "name": "no such parent", "pcode": "Z1"}),
        json!({"code": "", "name": "x"}),
        json!({"code": "H98.01", "name": ""}),
        json!({"name": "no code"}),
        json!("text"),
    ] {
        assert_eq!(register(&caller, &agency).await["ErrorCode"], codes::AGENCY, "{agency}");
    }
    assert_eq!(vxp.organisations().len(), 4);
    assert_eq!(caller.json("deleteAgency", &[]).await["ErrorCode"], codes::MISSING);
}

#[tokio::test]
async fn unknown_operations_and_methods_are_told_so() {
    let vxp = vxp().await;
    let caller = Caller::new(&vxp, "vxp-mauson");
    assert_eq!(caller.json("deleteEverything", &[]).await["ErrorCode"], codes::UNKNOWN_OPERATION);
    let answer = client().get(vxp.url() + "/sendEdoc").send().await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json::<Value>().await.unwrap()["ErrorCode"], codes::UNKNOWN_OPERATION);
}
