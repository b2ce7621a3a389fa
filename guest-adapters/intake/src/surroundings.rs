//! What the adapter takes from the two services, its memory and the gateway, behind one trait, so that its logic is tested natively.

use guest::faults::Fault;
use guest::logging::Level;

use crate::axis::{Filter, RawPacket, ReceivedPacket, TransportState};
use crate::inbox::Incoming;

/// The memory cannot be read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgetful;

/// What is around the adapter.
pub trait Surroundings {
    /// List the packets that came in, one page.
    ///
    /// # Errors
    /// As the axis says.
    fn list(&self, filter: &Filter) -> Result<Vec<ReceivedPacket>, Fault>;

    /// Fetch a packet byte for byte.
    ///
    /// # Errors
    /// As the axis says.
    fn fetch(&self, packet_id: &str) -> Result<RawPacket, Fault>;

    /// Tell the axis the transport state of a packet.
    ///
    /// # Errors
    /// As the axis says.
    fn acknowledge(&self, packet_id: &str, state: TransportState) -> Result<(), Fault>;

    /// Hand a document over to the office's system.
    ///
    /// # Errors
    /// As the office's system, or the gateway for it, says.
    fn receive(&self, document: &Incoming) -> Result<(), Fault>;

    /// The packets that are remembered.
    ///
    /// # Errors
    /// They cannot be read.
    fn remembered(&self) -> Result<Vec<String>, Forgetful>;

    /// Remember a packet as handed over.
    ///
    /// # Errors
    /// It cannot be kept.
    fn remember(&self, packet_id: &str) -> Result<(), Forgetful>;

    /// Forget it.
    ///
    /// # Errors
    /// It cannot be taken out.
    fn forget(&self, packet_id: &str) -> Result<(), Forgetful>;

    /// A setting that the operator gave. A store that cannot be read is an error.
    ///
    /// # Errors
    /// The store cannot be read.
    fn setting(&self, key: &str) -> Result<Option<String>, guest::Unreadable>;

    /// The id of the exchange in hand.
    fn exchange(&self) -> String;

    /// How many milliseconds are left for it.
    fn remaining_ms(&self) -> u64;

    /// Write a line to the log.
    fn log(&self, level: Level, message: &str);
}
