//! The adapter `documents` against the simulated document axis, end to end: what is sent and fetched byte for byte, every
//! odd packet, and what becomes of every way in which the axis can break.

mod faults;
mod packets;

use crate::harness::{Answer, House, adapter};
use nhip_systems::{Vxp, VxpConfig};
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// The policy of the adapter for a simulator.
pub(crate) fn policy(vxp: &Vxp) -> String {
    format!(
        r#"adapter = "documents"
[services]
documents = "lgsp:documents/axis@1.0.0"
[limits]
memory = "256 MiB"
cpu = "20 s"
deadline = "40 s"
request = "16 MiB"
response = "16 MiB"
upstream-response = "4 MiB"
[endpoints.vxp]
url = "{url}"
methods = ["POST"]
paths = ["/sendEdoc", "/getReceivedEdocList", "/getSentEdocList", "/getEdoc", "/updateStatus", "/getAgenciesListQD20"]
credential = {{ vxp-signature = {{ system-id = "vxp-mauson", secret = "env:VXP_SECRET" }} }}
private-network = true
timeouts = {{ total = "3 s" }}
[config]
"fault.906" = "not-found"
[callers]
allow = ["van-thu"]
"#,
        url = vxp.url()
    )
}

/// A document from one organ of the province to another of the same system, so that both ends can be looked at.
pub(crate) fn document(attachments: Value) -> Value {
    json!({ "document": {
        "sender": { "code": "H99", "name": "UBND tỉnh Mẫu Sơn" },
        "recipients": [{ "code": "H99.01", "name": "Sở Khoa học và Công nghệ tỉnh Mẫu Sơn" }],
        "code": { "number": "17", "notation": "UBND-KSTT" },
        "promulgation": { "place": "Mẫu Sơn", "date": { "tag": "date", "val": "2026-11-20" } },
        "documentType": { "code": "1", "detail": "0", "name": "Công văn" },
        "subject": "V/v kết nối, chia sẻ dữ liệu & <thử nghiệm>",
        "signer": { "position": "Chủ tịch", "fullName": "Nguyễn Văn Thử" },
        "responses": [], "toPlaces": ["Như trên", "Lưu: VT"], "traces": [],
        "attachments": attachments,
    } })
}

struct Stage {
    house: House,
    vxp: Vxp,
}

/// For one test at a time: the axis' stores and its fault switch are shared.
async fn stage() -> MutexGuard<'static, Stage> {
    static STAGE: OnceCell<Mutex<Stage>> = OnceCell::const_new();
    let set = || async {
        let vxp = Vxp::start(VxpConfig::default()).await.unwrap();
        let systems = vxp.systems();
        let system = systems.iter().find(|system| system.id == "vxp-mauson").unwrap();
        let house = House::with_secrets("documents", &[("VXP_SECRET", &system.secret)]).await;
        house.deploy(adapter("documents-1.0.0"), &policy(&vxp)).await.unwrap();
        Mutex::new(Stage { house, vxp })
    };
    let stage = STAGE.get_or_init(set).await.lock().await;
    stage.vxp.faults().clear();
    stage
}

impl Stage {
    async fn call(&self, function: &str, body: &Value) -> Answer {
        self.house.call(&self.house.caller("van-thu").await, "documents", function, body).await
    }
}
