//! edXML: the packets of the national document axis (QCVN 102:2016/BTTTT), read and written.
//!
//! A packet is a document with its files, or a report of what became of one. Reading is lenient where packets of the field
//! are odd, and says so in [`Warning`]s; it refuses what is not edXML with the place of the mistake. Writing is strict.
//! Invariants: attachments and the signature keep every byte; a value that was read is written the same; no input panics.
//!
//! How reading treats oddities:
//!
//! | oddity | answer |
//! |---|---|
//! | prefixes, order of elements, white space, comments | nothing: they carry no meaning |
//! | empty elements | absent values, without a warning |
//! | `dd/MM/yyyy`, `yyyy/M/d` | read as dates, without a warning |
//! | a date or time that does not exist | kept as [`Written::Text`], with a warning |
//! | a code outside of the known table, an unknown element, text between elements | warning |
//! | a manifest entry without its file, or a file without its entry | warning; the file is kept |
//! | `xlink:href` instead of `ContentId` in the manifest | read, without a warning |
//! | `Signature` in the namespace of edXML instead of that of XML-DSig | kept byte for byte, with a warning |
//! | a single value that stands twice | refused: nobody can tell which one is meant |
//! | an attachment that is not base64, a document type declaration, another encoding than UTF-8 | refused |

pub mod codes;
mod model;
mod packet;
mod read;
mod warning;
mod write;

pub use model::attachment::Attachment;
pub use model::business::{Business, DocumentChange, ReceiverChange, Replacement};
pub use model::document::{Document, DocumentCode, DocumentType, OtherInfo, Promulgation, Signer, Trace};
pub use model::shared::{Organ, ResponseFor, Signature, Staff, Written};
pub use model::status::StatusReport;
pub use packet::Packet;
pub use warning::{Warning, WarningCode};
pub use write::WriteError;
pub use xml::Mistake as ReadError;

/// The namespace of every element of a packet.
pub const NAMESPACE: &str = "http://www.mic.gov.vn/TBT/QCVN_102_2016";

/// The namespace of XML-DSig.
pub(crate) const SIGNATURE_NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// The namespace of XLink, which the older manifest uses.
pub(crate) const XLINK_NAMESPACE: &str = "http://www.w3.org/1999/xlink";

#[cfg(test)]
mod tests;
