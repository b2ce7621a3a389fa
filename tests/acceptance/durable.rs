//! Nothing is lost, nothing happens twice: exchanges that are done later and exchanges with an idempotency key, with the
//! gateway as a process that is killed and the document axis as the system that shows each effect.

mod archive;
mod clock;
mod cluster;
mod kills;
mod letters;
mod outage;
mod storage;
mod work;

pub(crate) use work::the_record_verifies;

use crate::documents;
use crate::harness::{Answer, Gateway, Process, adapter, eventually};
use nhip_systems::{MessageType, Vxp, VxpConfig};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The axis, and a data folder for the gateway that is killed now and then.
struct Stage {
    vxp: Vxp,
    secret: String,
    data: PathBuf,
}

impl Stage {
    async fn set(data: &Path) -> Self {
        let vxp = Vxp::start(VxpConfig::default()).await.unwrap();
        let system = vxp.systems().into_iter().find(|system| system.id == "vxp-mauson").unwrap();
        Self { vxp, secret: system.secret, data: data.to_owned() }
    }

    /// Start the gateway on the data folder.
    async fn serve(&self) -> Process {
        Process::serve(&self.data, &[("VXP_SECRET", &self.secret)]).await
    }

    /// Deploy the adapter of the axis, with quick tries.
    async fn deploy(&self, gateway: &Gateway, further: &str) {
        let delivery = "[delivery]\nattempts = 1000\nfirst-pause = \"100 ms\"\nlongest-pause = \"1 s\"\n";
        self.deploy_with(gateway, &format!("{delivery}{further}")).await;
    }

    /// Deploy it with these sections added to its policy.
    async fn deploy_with(&self, gateway: &Gateway, sections: &str) {
        let policy = format!("{}{sections}", documents::policy(&self.vxp));
        gateway.deploy(adapter("documents-1.0.0"), &policy).await.unwrap();
    }

    /// What arrived, in the order in which it did.
    fn arrived(&self) -> Vec<String> {
        self.vxp.notations(MessageType::Edoc)
    }
}

/// The policy of an adapter `ticker` that is called by the clock every minute.
fn ticking() -> String {
    let schedule =
        "[schedules.tick]\ncall = \"ticker/calm\"\nparameters = { word = \"tích tắc\" }\ncron = \"* * * * *\"\n";
    format!("{}{schedule}", crate::process::policy("ticker", "1.0.0"))
}

/// The document of this number and notation.
fn numbered(number: usize, notation: &str) -> Value {
    let mut body = documents::document(json!([]));
    body["document"]["code"] = json!({ "number": number.to_string(), "notation": notation });
    body
}

/// Wait until an accepted exchange is over, and give what it says then.
async fn over(gateway: &Gateway, key: &str, place: &str) -> Value {
    eventually(&format!("{place} is over"), async || {
        let answer: Answer = gateway.try_get(key, place).await.ok()?;
        let state = answer.ok();
        matches!(state["state"].as_str(), Some("done" | "dead")).then_some(state)
    })
    .await
}
