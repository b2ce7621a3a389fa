//! A packet, and the two ways through it.

use crate::read;
use crate::write::{self, WriteError};
use crate::{Document, ReadError, StatusReport, Warning};

/// What a packet holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet {
    /// A document.
    Document(Box<Document>),
    /// A report of what became of one: a packet whose `MessageHeader` has a `StatusCode`.
    Status(Box<StatusReport>),
}

impl Packet {
    /// Read a packet of at most 64 MiB.
    ///
    /// # Errors
    /// What makes it not edXML, and where.
    pub fn read(bytes: &[u8]) -> Result<(Self, Vec<Warning>), ReadError> {
        read::packet(bytes)
    }

    /// The packet's bytes: UTF-8, elements in the order of the standard, files as base64 on one line.
    ///
    /// # Errors
    /// A value that XML or the standard cannot carry.
    pub fn write(&self) -> Result<Vec<u8>, WriteError> {
        match self {
            Self::Document(document) => write::document(document),
            Self::Status(report) => write::status(report),
        }
    }
}
