//! What documents and reports have in common.

use forms::{Date, Time};

/// A date or time as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written<T> {
    /// It exists.
    Value(T),
    /// It does not: the text as it stands.
    Text(String),
}

impl Written<Date> {
    /// As packets write it.
    pub(crate) fn to_packet(&self) -> String {
        match self {
            Self::Value(date) => date.to_slashed(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Written<Time> {
    /// As packets write it.
    pub(crate) fn to_packet(&self) -> String {
        match self {
            Self::Value(time) => time.to_slashed(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// An organ, `From` or `To`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organ {
    /// `OrganId`.
    pub code: String,
    /// `OrganizationInCharge`.
    pub in_charge: Option<String>,
    /// `OrganName`.
    pub name: Option<String>,
    /// `OrganAdd`.
    pub address: Option<String>,
    /// `Email`.
    pub email: Option<String>,
    /// `Telephone`.
    pub telephone: Option<String>,
    /// `Fax`.
    pub fax: Option<String>,
    /// `Website`.
    pub website: Option<String>,
}

/// An earlier document, `ResponseFor`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResponseFor {
    /// `OrganId`.
    pub organ: Option<String>,
    /// `Code`.
    pub code: Option<String>,
    /// `DocumentId`.
    pub document_id: Option<String>,
    /// `PromulgationDate`.
    pub date: Option<Written<Date>>,
}

/// Whom to turn to, `StaffInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staff {
    /// `Department`.
    pub department: Option<String>,
    /// `Staff`.
    pub name: Option<String>,
    /// `Email`.
    pub email: Option<String>,
    /// `Mobile`.
    pub mobile: Option<String>,
}

/// The element `Signature`, byte for byte. It is neither checked nor made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The element, tags included.
    pub xml: String,
    /// The namespaces that were in scope where it stood: prefix (empty for the default namespace) and name. Written with it,
    /// so that its bytes mean the same. The prefix `edXML` for the namespace of edXML is always in scope.
    pub scope: Vec<(String, String)>,
}
