//! The key that seals are signed with (Ed25519, RFC 8032), and what of it is public.
//!
//! Invariant: the key is made once, with the record's first start, and never again while there are segments: a new key
//! would make everything sealed until then look like a stranger's. The private part never leaves this file's type.

use super::error::RecordError;
use super::hex;
use crate::folder::{private, sync};
use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::str::FromStr;
use zeroize::Zeroizing;

/// The key's file in the record's folder: PKCS#8, DER.
const FILE: &str = "signing.key";

/// A signature: 64 bytes.
pub(crate) type Signature = [u8; 64];

/// The public half of a record's key. Text form: `ed25519:` and 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// The text is not a public key.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the public key of a record: write `ed25519:` and 64 lower-case hex digits")]
pub struct NotAKey(String);

impl PublicKey {
    /// Whether a signature over these parts, one after the other, is this key's.
    pub(crate) fn has_signed(&self, parts: &[&[u8]], signature: &Signature) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(&parts.concat(), signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", hex::text(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let digits = text.strip_prefix("ed25519:").and_then(|digits| hex::decode(digits.as_bytes()));
        digits.map(Self).ok_or_else(|| NotAKey(text.chars().take(80).collect()))
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The key that the record in this folder is verified with, by the signing key in it. Nothing is made or changed.
///
/// # Errors
/// `Io` when there is none or it cannot be read, `KeyUnusable` when the file holds something else.
pub fn public_key_of(folder: &Path) -> Result<PublicKey, RecordError> {
    let file = folder.join(FILE);
    match std::fs::read(&file).map(Zeroizing::new) {
        Ok(der) => SigningKey::read(&file, &der).map(|key| key.public()),
        Err(source) => Err(RecordError::Io { path: file, source }),
    }
}

/// The key of this gateway's record.
pub(crate) struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl SigningKey {
    /// The key of the folder. It is made when it is not there and `fresh` says that there is no segment either.
    pub(crate) fn keep(folder: &Path, fresh: bool) -> Result<Self, RecordError> {
        let file = folder.join(FILE);
        match std::fs::read(&file).map(Zeroizing::new) {
            Ok(text) => Self::read(&file, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && fresh => Self::make(folder, &file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(RecordError::KeyMissing { file }),
            Err(source) => Err(RecordError::Io { path: file, source }),
        }
    }

    fn read(file: &Path, der: &[u8]) -> Result<Self, RecordError> {
        let unusable = || RecordError::KeyUnusable { file: file.to_owned() };
        // "Maybe unchecked" of the public half, which keys of other tools do not carry.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| unusable())?;
        let public = pair.public_key().as_ref().try_into().map(PublicKey).map_err(|_| unusable())?;
        Ok(Self { pair, public })
    }

    /// Make a key. It has its name only when it is whole and on the disk.
    fn make(folder: &Path, file: &Path) -> Result<Self, RecordError> {
        let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| RecordError::Random)?;
        let unnamed = folder.join(format!("{FILE}.tmp"));
        let keep = || {
            let mut out = private(OpenOptions::new().create(true).truncate(true).write(true)).open(&unnamed)?;
            out.write_all(der.as_ref())?;
            out.sync_all()?;
            std::fs::rename(&unnamed, file)?;
            sync(folder)
        };
        keep().map_err(|source| RecordError::Io { path: file.to_owned(), source })?;
        Self::read(file, der.as_ref())
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    /// Sign these parts, one after the other.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> Signature {
        let mut signature = [0; 64];
        for (to, from) in signature.iter_mut().zip(self.pair.sign(&parts.concat()).as_ref()) {
            *to = *from;
        }
        signature
    }
}
