//! A report of what became of a document: a packet of its own, header only.

use forms::Time;

use super::shared::{Organ, ResponseFor, Staff, Written};

/// A report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusReport {
    /// `From`.
    pub sender: Organ,
    /// `ResponseFor`.
    pub response_for: ResponseFor,
    /// `StaffInfo`.
    pub staff: Option<Staff>,
    /// `StatusCode`, see [`crate::codes::STATUS`].
    pub status: String,
    /// `Description`.
    pub description: Option<String>,
    /// `Timestamp`.
    pub time: Option<Written<Time>>,
}
