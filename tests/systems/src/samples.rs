//! edXML packets (QCVN 102:2016/BTTTT) that hold every oddity seen in real ones. All organisations and people are made
//! up; every attachment is a real little ZIP. The bytes are those of the files in `samples/edxml/`.

macro_rules! samples {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: &[u8] = include_bytes!(concat!("../samples/edxml/", $file));
        )*

        /// Every sample: file name and bytes.
        pub const ALL: &[(&str, &[u8])] = &[$(($file, $name)),*];
    };
}

samples! {
    /// A new document: prefixed elements, one recipient, one attachment (`application/zip` although named `.pdf`).
    NEW_DOCUMENT = "new-document.edxml";
    /// Default namespace instead of prefixes, several recipients, two attachments of different types.
    TWO_ATTACHMENTS = "two-attachments.edxml";
    /// `BussinessDocType` 2: an update, with `ReceiverList` and `dd/MM/yyyy` in `PromulgationDate`.
    UPDATE = "update.edxml";
    /// `BussinessDocType` 1: a recall, no attachment.
    RECALL = "recall.edxml";
    /// `BussinessDocType` 3: a replacement, with `ReplacementInfoList`.
    REPLACE = "replace.edxml";
    /// A status packet, code 05: header only.
    STATUS_05 = "status-05.edxml";
    /// A status packet, code 15: the receiver agrees to a recall.
    STATUS_15 = "status-15.edxml";
    /// `PromulgationDate` and `DueDate` name days that do not exist (2014/02/30).
    IMPOSSIBLE_DATE = "impossible-date.edxml";
    /// `Signature` without a namespace of its own, so its elements are in that of edXML; rsa-sha1.
    SIGNATURE_WITHOUT_NAMESPACE = "signature-without-namespace.edxml";
    /// `SteeringType` and `ToPlaces` after `OtherInfo`; empty elements instead of absent ones.
    ODD_ORDER_AND_EMPTY = "odd-order-and-empty.edxml";
    /// The older manifest: `xlink:href` instead of `ContentId`.
    OLD_MANIFEST = "old-manifest.edxml";
    /// A *new* document whose `Bussiness/DocumentId` names another one.
    FOREIGN_DOCUMENT_ID = "foreign-document-id.edxml";
}
