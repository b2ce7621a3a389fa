//! What a document does to an earlier one: `Bussiness`, as the standard spells it.

use super::shared::Staff;

/// `Bussiness`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Business {
    /// `DocumentId`.
    pub document_id: Option<String>,
    /// `BussinessDocType`, see [`crate::codes::BUSINESS`].
    pub kind: Option<String>,
    /// `BussinessDocReason`.
    pub reason: Option<String>,
    /// `Paper`, see [`crate::codes::PAPER`].
    pub paper: Option<String>,
    /// `BussinessDocumentInfo`.
    pub change: Option<DocumentChange>,
    /// `StaffInfo`.
    pub staff: Option<Staff>,
    /// `ReplacementInfoList/ReplacementInfo`.
    pub replacements: Vec<Replacement>,
}

/// `BussinessDocumentInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DocumentChange {
    /// `DocumentInfo`.
    pub document_info: Option<String>,
    /// `DocumentReceiver`.
    pub document_receiver: Option<String>,
    /// `ReceiverList/Receiver`.
    pub receivers: Vec<ReceiverChange>,
}

/// `Receiver`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiverChange {
    /// `OrganId`.
    pub organ: String,
    /// `ReceiverType`, see [`crate::codes::RECEIVER`].
    pub kind: Option<String>,
}

/// `ReplacementInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replacement {
    /// `DocumentId`.
    pub document_id: Option<String>,
    /// `OrganIdList/OrganId`.
    pub organs: Vec<String>,
}
