//! Oddities that were tolerated. At most [`MOST`] are kept of one packet, and the last says how many more there are:
//! a packet made to be odd must not cost more than it is worth.

use xml::Place;

/// How many warnings a packet can have.
pub(crate) const MOST: usize = 100;

/// What kind of oddity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningCode {
    /// A date or time that does not exist or is not in a known form.
    BadDate,
    /// A code outside of the known table.
    UnknownCode,
    /// An element that is not known at that place; it is left out.
    UnknownElement,
    /// Text between elements; it is left out.
    StrayText,
    /// An element that every packet should have is absent.
    MissingElement,
    /// The manifest names a file that is not there.
    AttachmentMissing,
    /// A file that the manifest does not name.
    ReferenceMissing,
    /// Manifest and file disagree, or two files share an id.
    AttachmentMismatch,
    /// A new document names another one as the one concerned.
    ForeignDocumentId,
    /// The signature is not in the namespace of XML-DSig.
    SignatureNamespace,
}

/// An oddity that was tolerated, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The kind.
    pub code: WarningCode,
    /// Where.
    pub place: Place,
    /// The path of elements down to it.
    pub path: String,
    /// What is odd, in one sentence.
    pub message: String,
}
