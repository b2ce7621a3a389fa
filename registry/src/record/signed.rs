//! Signed JSON: `{"NAME":{…},"signature":"HEX"}`, for seals and checkpoints.
//!
//! What is signed is `nhip record NAME 1`, a newline, for a seal the segment's header line and a newline, then the
//! text of the inner object as it stands, and a newline. Nothing is written anew before it is checked, so there are no
//! two texts of one meaning, and a seal is never good as a checkpoint.

use super::hex;
use super::key::{PublicKey, Signature, SigningKey};
use super::wrong::Wrong;

/// What the signature is about, before the inner object's text.
pub(crate) struct Domain<'a> {
    name: &'static str,
    context: &'a [u8],
}

impl<'a> Domain<'a> {
    /// A seal, of the segment with this header line.
    pub(crate) fn seal(header: &'a [u8]) -> Self {
        Self { name: "seal", context: header }
    }

    /// A checkpoint.
    pub(crate) fn checkpoint() -> Self {
        Self { name: "checkpoint", context: b"" }
    }

    fn parts<'t>(&'t self, json: &'t [u8]) -> [&'t [u8]; 7] {
        let after_context: &[u8] = if self.context.is_empty() { b"" } else { b"\n" };
        [b"nhip record ", self.name.as_bytes(), b" 1\n", self.context, after_context, json, b"\n"]
    }

    /// The signed text of an inner object.
    pub(crate) fn sign(&self, json: &str, key: &SigningKey) -> String {
        let signature = hex::text(&key.sign(&self.parts(json.as_bytes())));
        format!(r#"{{"{}":{json},"signature":"{signature}"}}"#, self.name)
    }

    /// The inner object and the signature of a signed text, unchecked.
    pub(crate) fn split<'t>(&self, text: &'t [u8]) -> Option<(&'t [u8], Signature)> {
        let inner = text.strip_prefix(b"{\"")?.strip_prefix(self.name.as_bytes())?.strip_prefix(b"\":")?;
        let (inner, signature) = inner.strip_suffix(b"\"}")?.split_at_checked(inner.len().checked_sub(130)?)?;
        Some((inner.strip_suffix(b",\"signature\":\"")?, hex::decode(signature)?))
    }

    /// Whether the signature is this key's.
    pub(crate) fn check(&self, json: &[u8], signature: &Signature, key: &PublicKey) -> Result<(), Wrong> {
        if key.has_signed(&self.parts(json), signature) { Ok(()) } else { Err(Wrong::Signature) }
    }
}
