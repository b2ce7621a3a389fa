//! Documents from the axis to an office's own system, by way of three adapters: `intake` polls `documents`, hands over to `qlvb`, and
//! acknowledges. The policies are the samples that operators begin with.

mod breakdowns;
mod clock;

use crate::harness::{Answer, Gateway, Process, adapter, folder, root};
use nhip_systems::{MessageType, Qlvb, QlvbConfig, TransportState, Vxp, VxpConfig, samples};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The organ whose office it is, and the system at the axis that it belongs to.
const ORGAN: &str = "H99.01";
const SYSTEM: &str = "vxp-mauson";

/// The axis, the office, and a data folder for the gateway between them.
struct Stage {
    vxp: Vxp,
    qlvb: Qlvb,
    secrets: [(&'static str, String); 2],
    data: PathBuf,
}

/// What waits, or waited, on the axis: the bytes by the packet's id.
type Deposited = BTreeMap<String, Vec<u8>>;

impl Stage {
    async fn set(name: &str, office: QlvbConfig) -> Self {
        let vxp = Vxp::start(VxpConfig::default()).await.unwrap();
        let qlvb = Qlvb::start(office).await.unwrap();
        let secret = vxp.systems().into_iter().find(|system| system.id == SYSTEM).unwrap().secret;
        let secrets = [("VXP_SECRET", secret), ("QLVB_TOKEN", qlvb.token().to_owned())];
        Self { vxp, qlvb, secrets, data: folder(name).join("data") }
    }

    /// Start the gateway on the data folder.
    async fn serve(&self) -> Process {
        let secrets: Vec<_> = self.secrets.iter().map(|(name, secret)| (*name, secret.as_str())).collect();
        Process::serve(&self.data, &secrets).await
    }

    /// Deploy the three adapters; `intake` polls at the times of this expression.
    async fn deploy(&self, gateway: &Gateway, cron: &str) {
        let documents = sample("documents", &[("http://127.0.0.1:9001", &self.vxp.url())]);
        gateway.deploy(adapter("documents-1.0.0"), &documents).await.unwrap();
        let office = [
            ("http://127.0.0.1:9002/api/v1", self.qlvb.url()),
            ("longest-pause = \"1 h\"", "first-pause = \"100 ms\"\nlongest-pause = \"1 s\"".to_owned()),
            ("attempts = 200", "attempts = 1000".to_owned()),
        ];
        let office: Vec<_> = office.iter().map(|(from, to)| (*from, to.as_str())).collect();
        gateway.deploy(adapter("qlvb-1.0.0"), &sample("qlvb", &office)).await.unwrap();
        let intake = sample("intake", &[("cron = \"* * * * *\"", &format!("cron = \"{cron}\""))]);
        let deployed = gateway.deploy(adapter("intake-1.0.0"), &intake).await.unwrap();
        let told = format!("{deployed:?}");
        assert!(!told.contains("calls fail until"), "the samples do not fit together: {told}");
    }

    /// Put documents of these numbers on the axis.
    fn deposit(&self, numbers: std::ops::Range<usize>, into: &mut Deposited) {
        for number in numbers {
            self.deposit_bytes(document(number), into);
        }
    }

    fn deposit_bytes(&self, bytes: Vec<u8>, into: &mut Deposited) -> String {
        let id = self.vxp.deposit(ORGAN, bytes.clone(), MessageType::Edoc).unwrap();
        into.insert(id.clone(), bytes);
        id
    }

    fn state(&self, packet: &str) -> TransportState {
        self.vxp.state(packet, ORGAN).unwrap()
    }

    /// Whether all of it is acknowledged, and as many documents are in the office.
    fn settled(&self, deposited: &Deposited) -> Option<()> {
        let done = deposited.keys().all(|packet| self.state(packet) == TransportState::Done);
        (done && self.qlvb.documents().len() >= deposited.len()).then_some(())
    }

    /// The oracle: each is in the office once, byte for byte, and acknowledged.
    fn each_once(&self, deposited: &Deposited) {
        let mut stored = BTreeMap::<String, Vec<u8>>::new();
        for document in self.qlvb.documents() {
            let earlier = stored.insert(document.packet_id.clone(), document.edxml.to_vec());
            assert!(earlier.is_none(), "{} is there twice", document.packet_id);
        }
        assert!(stored == *deposited, "{:?} were sent, {:?} arrived", deposited.keys(), stored.keys());
        for packet in deposited.keys() {
            assert_eq!(self.state(packet), TransportState::Done, "{packet}");
        }
    }
}

/// A sample policy with some of its text replaced.
fn sample(name: &str, changes: &[(&str, &str)]) -> String {
    let mut policy = std::fs::read_to_string(root().join(format!("guest-adapters/{name}/policy.toml"))).unwrap();
    for (from, to) in changes {
        assert!(policy.contains(from), "the sample policy of `{name}` does not say `{from}` any more");
        policy = policy.replace(from, to);
    }
    policy
}

/// The document of this number.
fn document(number: usize) -> Vec<u8> {
    let text = std::str::from_utf8(samples::NEW_DOCUMENT).unwrap();
    let numbered = text
        .replace("15/UBND-KGVX", &format!("{number}/UBND-KGVX"))
        .replace("<edXML:CodeNumber>15<", &format!("<edXML:CodeNumber>{number}<"));
    assert!(number == 15 || numbered != text);
    numbered.into_bytes()
}

/// A run in between, by the operator's account.
async fn poll(gateway: &Gateway, key: &str) -> Value {
    let answer: Answer = gateway.call(key, "intake", "poll", &json!({})).await;
    answer.ok()
}
