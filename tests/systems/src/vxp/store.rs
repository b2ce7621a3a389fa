//! Documents on their way: who sent them, to whom, and how far each delivery is.
//!
//! Sender and receiver know a document under different ids, as `senderDocId` and `receiverDocId` of the sent list show.
//! Invariant: bytes are kept exactly as they came; one sender's same bytes of the same kind are one document.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// `XroadVnpt-messagetype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// A document.
    Edoc,
    /// A status packet about a document.
    Status,
}

impl MessageType {
    /// The wire name: `edoc` or `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edoc => "edoc",
            Self::Status => "status",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Edoc, Self::Status].into_iter().find(|kind| text.eq_ignore_ascii_case(kind.as_str()))
    }
}

/// How far the delivery to one receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportState {
    /// Waits to be fetched.
    Initial,
    /// The receiver has begun.
    Processing,
    /// The receiver has it.
    Done,
    /// The receiver could not take it.
    Fail,
}

impl TransportState {
    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Processing => "processing",
            Self::Done => "done",
            Self::Fail => "fail",
        }
    }

    /// Texts of `status_desc` are our own.
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Initial => "Chưa lấy về",
            Self::Processing => "Đang xử lý",
            Self::Done => "Đã nhận",
            Self::Fail => "Nhận lỗi",
        }
    }

    /// Of any of the four; which a caller may *set* is the operation's matter.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Initial, Self::Processing, Self::Done, Self::Fail];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for TransportState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The part of a document that one receiver sees.
pub(super) struct Delivery {
    pub(super) doc_id: String,
    /// `id` of the receiving organisation.
    pub(super) to: String,
    pub(super) state: TransportState,
    pub(super) updated: Timestamp,
}

pub(super) struct Document {
    pub(super) doc_id: String,
    digest: Vec<u8>,
    /// `id` of the sending organisation, or what the packet names as its sender when nobody here sent it.
    pub(super) from: String,
    pub(super) kind: MessageType,
    pub(super) bytes: Bytes,
    pub(super) title: String,
    pub(super) notation: String,
    pub(super) created: Timestamp,
    pub(super) deliveries: Vec<Delivery>,
}

/// What is new about a document; ids and states are the store's to give.
pub(super) struct Posting {
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) kind: MessageType,
    pub(super) bytes: Bytes,
    pub(super) title: String,
    pub(super) notation: String,
}

#[derive(Default)]
pub(super) struct Store {
    /// By the sender's id. Ids are UUIDs of version 7, so this is also the order of arrival.
    documents: BTreeMap<String, Document>,
}

impl Store {
    /// Takes a document, or recognises it: then only receivers that do not have it yet get it, and it keeps its id.
    /// That the axis answers a repetition with the first id is inferred; its real behaviour is not published.
    pub(super) fn post(&mut self, posting: Posting, now: Timestamp) -> &Document {
        let digest = Sha256::digest(&posting.bytes).to_vec();
        let same = |document: &&Document| {
            document.digest == digest && document.from == posting.from && document.kind == posting.kind
        };
        let known = self.all().find(same);
        let doc_id = known.map_or_else(new_id, |document| document.doc_id.clone());
        let document = self.documents.entry(doc_id).or_insert_with_key(|doc_id| Document {
            doc_id: doc_id.clone(),
            digest,
            from: posting.from,
            kind: posting.kind,
            bytes: posting.bytes,
            title: posting.title,
            notation: posting.notation,
            created: now,
            deliveries: Vec::new(),
        });
        for to in posting.to {
            if document.deliveries.iter().all(|d| d.to != to) {
                document.deliveries.push(Delivery {
                    doc_id: new_id(),
                    to,
                    state: TransportState::Initial,
                    updated: now,
                });
            }
        }
        document
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Document> {
        self.documents.values()
    }

    /// By the sender's id or a receiver's.
    pub(super) fn find(&self, doc_id: &str) -> Option<&Document> {
        let received = |d: &Document| d.deliveries.iter().any(|d| d.doc_id == doc_id);
        self.all().find(|d| d.doc_id == doc_id || received(d))
    }

    /// The delivery of this id.
    pub(super) fn delivery(&mut self, doc_id: &str) -> Option<&mut Delivery> {
        let documents = self.documents.values_mut();
        let mut all = documents.flat_map(|document| document.deliveries.iter_mut());
        all.find(|delivery| delivery.doc_id == doc_id)
    }
}

fn new_id() -> String {
    Uuid::now_v7().to_string()
}
