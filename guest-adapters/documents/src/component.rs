//! The component: the contract's functions over the host, and the manifest as a section of the module.

use guest::Wasi;
use guest::faults::Fault;
use guest::organs::Agency;

use crate::Axis;
use crate::bindings::{self, exports::lgsp::documents::axis as contract};
use crate::packets::{Document, StatusReport};

guest::manifest!("../adapter.toml");

struct Component;

const HOST: Wasi = Wasi { adapter: "documents" };

impl contract::Guest for Component {
    fn send(document: Document) -> Result<contract::Sent, Fault> {
        Axis::new(&HOST, &HOST)?.send(document)
    }

    fn list_received(filter: contract::Filter) -> Result<Vec<contract::ReceivedPacket>, Fault> {
        Axis::new(&HOST, &HOST)?.list_received(&filter)
    }

    fn list_sent(filter: contract::Filter) -> Result<Vec<contract::SentPacket>, Fault> {
        Axis::new(&HOST, &HOST)?.list_sent(&filter)
    }

    fn fetch(packet_id: String) -> Result<contract::Fetched, Fault> {
        Axis::new(&HOST, &HOST)?.fetch(&packet_id)
    }

    fn fetch_packet(packet_id: String) -> Result<contract::RawPacket, Fault> {
        Axis::new(&HOST, &HOST)?.fetch_packet(&packet_id)
    }

    fn acknowledge(packet_id: String, state: contract::TransportState) -> Result<(), Fault> {
        Axis::new(&HOST, &HOST)?.acknowledge(&packet_id, state)
    }

    fn report_status(report: StatusReport) -> Result<contract::Sent, Fault> {
        Axis::new(&HOST, &HOST)?.report_status(report)
    }

    fn agencies() -> Result<Vec<Agency>, Fault> {
        Axis::new(&HOST, &HOST)?.agencies()
    }
}

bindings::export!(Component with_types_in bindings);
