//! A document: what its letterhead says, where it goes, what it carries.

use forms::{Date, Time};

use super::attachment::Attachment;
use super::business::Business;
use super::shared::{Organ, ResponseFor, Signature, Written};

/// A document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// `From`.
    pub sender: Organ,
    /// `To`.
    pub recipients: Vec<Organ>,
    /// `DocumentId`.
    pub id: Option<String>,
    /// `Code`.
    pub code: Option<DocumentCode>,
    /// `PromulgationInfo`.
    pub promulgation: Option<Promulgation>,
    /// `DocumentType`.
    pub document_type: Option<DocumentType>,
    /// `Subject`.
    pub subject: Option<String>,
    /// `Content`.
    pub content: Option<String>,
    /// `SignerInfo`.
    pub signer: Option<Signer>,
    /// `DueDate`.
    pub due_date: Option<Written<Date>>,
    /// `OtherInfo`.
    pub other_info: Option<OtherInfo>,
    /// `ResponseFor`.
    pub responses: Vec<ResponseFor>,
    /// `SteeringType`, see [`crate::codes::STEERING`].
    pub steering: Option<String>,
    /// `ToPlaces/Place`.
    pub to_places: Vec<String>,
    /// `TraceHeaderList/TraceHeader`.
    pub traces: Vec<Trace>,
    /// `TraceHeaderList/Bussiness`.
    pub business: Option<Business>,
    /// `Signature`.
    pub signature: Option<Signature>,
    /// `edXMLManifest` and `AttachmentEncoded`.
    pub attachments: Vec<Attachment>,
}

/// `Code`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentCode {
    /// `CodeNumber`.
    pub number: Option<String>,
    /// `CodeNotation`.
    pub notation: Option<String>,
}

/// `PromulgationInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Promulgation {
    /// `Place`.
    pub place: Option<String>,
    /// `PromulgationDate`.
    pub date: Option<Written<Date>>,
}

/// `DocumentType`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentType {
    /// `Type`.
    pub code: Option<String>,
    /// `TypeDetail`.
    pub detail: Option<String>,
    /// `TypeName`.
    pub name: Option<String>,
}

/// `SignerInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signer {
    /// `Competence`.
    pub competence: Option<String>,
    /// `Position`.
    pub position: Option<String>,
    /// `FullName`.
    pub full_name: Option<String>,
}

/// `OtherInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherInfo {
    /// `Priority`, see [`crate::codes::PRIORITY`].
    pub priority: Option<String>,
    /// `SphereOfPromulgation`.
    pub sphere: Option<String>,
    /// `TyperNotation`.
    pub typer_notation: Option<String>,
    /// `PromulgationAmount`.
    pub copies: Option<String>,
    /// `PageAmount`.
    pub pages: Option<String>,
    /// `Direction`.
    pub direction: Option<String>,
    /// `Appendixes/Appendix`.
    pub appendixes: Vec<String>,
}

/// `TraceHeader`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// `OrganId`.
    pub organ: Option<String>,
    /// `Timestamp`.
    pub time: Option<Written<Time>>,
}
