//! Files in a packet.

/// A file, `AttachmentEncoded/Attachment` together with its `Reference` in the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// `ContentId` without `cid:`.
    pub id: Option<String>,
    /// `AttachmentName`.
    pub name: Option<String>,
    /// `Description`.
    pub description: Option<String>,
    /// `ContentType`.
    pub content_type: Option<String>,
    /// `ContentTransferEncoded`: the bytes, exactly. Often a ZIP that holds the file; it is not opened.
    pub content: Vec<u8>,
}
