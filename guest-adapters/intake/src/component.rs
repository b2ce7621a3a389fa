//! The component: the contract's function over the imported services, and the manifest as a section of the module.

use guest::Unreadable;
use guest::exchange;
use guest::faults::Fault;
use guest::logging::{self, Level};

use crate::axis::{self, Filter, RawPacket, ReceivedPacket, TransportState};
use crate::bindings::wasi::keyvalue::store::{self, Bucket, Error};
use crate::bindings::{self, exports::lgsp::documents::intake as contract};
use crate::inbox::{self, Incoming};
use crate::surroundings::{Forgetful, Surroundings};

guest::manifest!("../adapter.toml");

struct Component;

impl contract::Guest for Component {
    fn poll() -> Result<contract::Polled, Fault> {
        crate::poll(&Services)
    }
}

bindings::export!(Component with_types_in bindings);

/// What stands before a packet's id in the name of its key.
const HANDED_OVER: &str = "handed-over/";

/// The imported services and the host.
struct Services;

impl Surroundings for Services {
    fn list(&self, filter: &Filter) -> Result<Vec<ReceivedPacket>, Fault> {
        axis::list_received(filter)
    }

    fn fetch(&self, packet_id: &str) -> Result<RawPacket, Fault> {
        axis::fetch_packet(packet_id)
    }

    fn acknowledge(&self, packet_id: &str, state: TransportState) -> Result<(), Fault> {
        axis::acknowledge(packet_id, state)
    }

    fn receive(&self, document: &Incoming) -> Result<(), Fault> {
        inbox::receive(document)
    }

    fn remembered(&self) -> Result<Vec<String>, Forgetful> {
        let bucket = bucket()?;
        let mut found = Vec::new();
        let mut cursor = None;
        loop {
            let page = bucket.list_keys(cursor).map_err(forgetful)?;
            found.extend(page.keys.iter().filter_map(|key| key.strip_prefix(HANDED_OVER)).map(str::to_owned));
            cursor = page.cursor;
            if cursor.is_none() {
                return Ok(found);
            }
        }
    }

    fn remember(&self, packet_id: &str) -> Result<(), Forgetful> {
        bucket()?.set(&key(packet_id), &[]).map_err(forgetful)
    }

    fn forget(&self, packet_id: &str) -> Result<(), Forgetful> {
        bucket()?.delete(&key(packet_id)).map_err(forgetful)
    }

    fn setting(&self, key: &str) -> Result<Option<String>, Unreadable> {
        guest::store::get(key).map_err(|_| Unreadable)
    }

    fn exchange(&self) -> String {
        exchange::current().id
    }

    fn remaining_ms(&self) -> u64 {
        exchange::remaining_ms()
    }

    fn log(&self, level: Level, message: &str) {
        logging::log(level, "intake", message);
    }
}

fn key(packet_id: &str) -> String {
    format!("{HANDED_OVER}{packet_id}")
}

fn bucket() -> Result<Bucket, Forgetful> {
    store::open("default").map_err(forgetful)
}

fn forgetful(error: Error) -> Forgetful {
    logging::log(Level::Error, "intake", &format!("the key-value store: {error}"));
    Forgetful
}
