//! Two gateways on one PostgreSQL: one's disk is lost, the other has its sealed record, and the first comes back with it.

use super::cluster::Pair;
use super::work::the_record_verifies;
use crate::harness::{Gateway, Process, Said, eventually, nhip, run};
use serde_json::{Value, json};
use std::path::Path;

/// Type a command at a gateway, and take its JSON.
async fn types(process: &Process, words: &[&str]) -> Said {
    let (admin, data) = (format!("http://{}", process.admin), process.data_folder().display().to_string());
    nhip(&[words, &["--data", &data, "--admin", &admin, "--json"]].concat(), &[], "").await
}

async fn asks(process: &Process, words: &[&str]) -> Value {
    let said = types(process, words).await;
    assert_eq!(said.code, 0, "{words:?}: {said:?}");
    serde_json::from_str(said.out.trim()).unwrap()
}

/// Seal what a gateway has on record, and wait until it is in the database.
pub(super) async fn sealed(gateway: &Process) {
    asks(gateway, &["audit", "checkpoint"]).await;
    eventually("all of it is in the database", async || {
        gateway.admin_text("/metrics").await.contains("nhip_record_segments_unarchived 0\n").then_some(())
    })
    .await;
}

/// Fetch the record of a gateway at another one; it is verified on the way.
pub(super) async fn fetched(from: &Process, gateway: &str, folder: &Path) -> Value {
    asks(from, &["audit", "fetch", "--gateway", gateway, "--out", &folder.display().to_string()]).await
}

/// Start a gateway that cannot. Gives what it says.
async fn refused(pair: &Pair, gateway: &str) -> String {
    let data = pair.stage.data.join(gateway).display().to_string();
    let words = ["serve", "--data", &data, "--gateway", gateway, "--database", &pair.scratch.url];
    let listen = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];
    let said = nhip(&[&words[..], &listen[..]].concat(), &[("VXP_SECRET", "none")], "").await;
    assert!(said.code != 0 && !said.err.contains(&pair.scratch.url), "{said:?}");
    said.err
}

/// An exchange that reaches nothing, and is on record all the same.
async fn exchange(gateway: &Gateway, key: &str) -> String {
    gateway.call(key, "no-such-service", "find", &json!({})).await.id()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(from, to).unwrap();
}

#[test]
#[cfg_attr(
    not(nhip_postgres_binaries),
    ignore = "no PostgreSQL when this was built: install it (Debian: postgresql) and touch runtime/cli/build.rs"
)]
fn a_gateway_whose_disk_is_lost_comes_back_with_its_record() {
    run(async {
        let pair = Pair::set("archive").await;
        let (first, second) = (pair.serve("bridge-1").await, pair.serve("bridge-2").await);
        let key = first.caller("van-thu").await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            for _ in 0..20 {
                ids.push(exchange(&first, &key).await);
            }
            asks(&first, &["audit", "checkpoint"]).await;
        }
        let kept = pair.stage.data.join("kept");
        let checkpoint = kept.join("checkpoint").display().to_string();
        std::fs::create_dir_all(&kept).unwrap();
        asks(&first, &["audit", "checkpoint", "--out", &checkpoint]).await;
        let public = asks(&first, &["audit", "key"]).await["key"].as_str().unwrap().to_owned();
        sealed(&first).await;

        // The other finds every exchange, and says up to where it can.
        for id in [&ids[0], &ids[30], &ids[59]] {
            let shown = asks(&second, &["audit", "show", id]).await;
            assert_eq!(shown["entries"][0]["gateway"], "bridge-1", "{shown}");
            assert_eq!(shown["reach"]["others"][0]["key"], public, "{shown}");
        }
        let listed =
            asks(&second, &["audit", "search", "--gateway", "bridge-1", "--kind", "exchange", "--limit", "1000"]);
        assert_eq!(listed.await["entries"].as_array().unwrap().len(), 60);

        // The machine burns; the signing key was kept elsewhere.
        let data = pair.stage.data.join("bridge-1");
        copy(&data.join("record/signing.key"), &kept.join("signing.key"));
        first.kill().await;
        std::fs::remove_dir_all(&data).unwrap();

        // Nobody takes the name for another record, and nobody begins the record anew.
        let told = refused(&pair, "bridge-1").await;
        assert!(told.contains("`bridge-1`") && told.contains(&public) && told.contains("another name"), "{told}");
        std::fs::remove_dir_all(&data).unwrap();
        copy(&kept.join("signing.key"), &data.join("record/signing.key"));
        let told = refused(&pair, "bridge-1").await;
        assert!(told.contains("nhip audit fetch"), "{told}");

        let folder = data.join("record").display().to_string();
        let unknown = types(&second, &["audit", "fetch", "--gateway", "bridge-3", "--out", &folder]).await;
        assert!(unknown.code == 1 && unknown.err.contains("`bridge-1`"), "{unknown:?}");
        let fetched = fetched(&second, "bridge-1", &data.join("record")).await;
        assert!(fetched["report"]["entries"].as_u64().unwrap() >= 60, "{fetched}");
        let again = types(&second, &["audit", "fetch", "--gateway", "bridge-1", "--out", &folder]).await;
        assert!(again.code == 1 && again.err.contains("nothing is written over"), "{again:?}");
        let first = pair.serve("bridge-1").await;
        let id = exchange(&first, &key).await;
        assert_eq!(asks(&first, &["audit", "show", &ids[0]]).await["entries"][0]["gateway"], "bridge-1");
        let words = ["audit", "verify", &folder, "--key", &public, "--checkpoint", &checkpoint];
        let said = nhip(&words, &[], "").await;
        assert!(said.code == 0 && said.out.contains("sound: "), "{said:?}");
        the_record_verifies(first).await;
        assert_eq!(asks(&second, &["audit", "show", &id]).await["entries"][0]["gateway"], "bridge-1");
        the_record_verifies(second).await;
    });
}
