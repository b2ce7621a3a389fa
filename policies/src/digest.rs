//! What names a policy on record: SHA-256 (FIPS 180-4) over its canonical form, [`Policy::to_toml`], in UTF-8.
//!
//! Invariant: the same meaning has the same digest, whatever the comments, the order and the spelling of units in the file, and whether
//! a default is written out or left out; another meaning has another digest, because the canonical form parses back to the policy.
//! Anybody can check it: `sha256sum` of the canonical form gives the same.

use sha2::{Digest, Sha256};

use crate::policy::Policy;

impl Policy {
    /// The digest of the policy's meaning.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.to_toml()).into()
    }

    /// The digest as 64 lower-case hexadecimal digits.
    pub fn digest_hex(&self) -> String {
        self.digest().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
