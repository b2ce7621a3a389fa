//! API keys: how one is made, what it looks like, and what of it is kept.
//!
//! A key is `nhip_` and 48 characters of base64url: 32 random bytes, then the first 4 bytes of their SHA-256, so that
//! a slip of the hand is told from a wrong key without asking anybody.
//!
//! Invariant: the text of a key exists in a [`NewKey`] only, which cannot be printed by accident and is wiped when it
//! is dropped. What is stored is the SHA-256 of the text; 256 random bits need no slower hash.

use crate::error::RegistryError;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nhip_exchange::Digest;
use std::fmt;
use zeroize::Zeroizing;

/// What every key begins with, so that scanners for leaked secrets can know one.
const PREFIX: &str = "nhip_";
const RANDOM: usize = 32;
const CHECK: usize = 4;

/// A key that was just made. Its text can be had from here, now, and never again.
pub struct NewKey {
    pub(crate) id: i64,
    text: Zeroizing<String>,
}

impl NewKey {
    /// Make a key. It gets its number when it is stored.
    pub(crate) fn make() -> Result<Self, RegistryError> {
        let mut bytes = Zeroizing::new([0u8; RANDOM + CHECK]);
        let (random, check) = bytes.split_at_mut(RANDOM);
        getrandom::fill(random).map_err(|source| RegistryError::Random { source })?;
        check.copy_from_slice(&checksum(random));
        // Exactly as long as it gets: a string that grew would leave parts of the key behind.
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + (RANDOM + CHECK) / 3 * 4));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_slice(), &mut text);
        Ok(Self { id: 0, text })
    }

    /// The key's number, by which it can be revoked.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The text of the key: to be shown to the operator once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> Digest {
        Digest::of(self.text.as_bytes())
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({}, …)", self.id)
    }
}

/// What a text that proves nobody looks like. It tells nothing about which keys there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyShape {
    /// It has the form of a key: a wrong one, or a revoked one.
    Sound,
    /// It begins like a key, but was cut or mistyped.
    Mistyped,
    /// It is something else.
    Foreign,
}

/// Look at a presented text as a key.
#[must_use]
pub fn key_shape(presented: &str) -> KeyShape {
    let Some(body) = presented.strip_prefix(PREFIX) else {
        return KeyShape::Foreign;
    };
    let mut bytes = Zeroizing::new([0u8; RANDOM + CHECK]);
    match URL_SAFE_NO_PAD.decode_slice(body, bytes.as_mut_slice()) {
        Ok(length) if length == RANDOM + CHECK => {}
        _ => return KeyShape::Mistyped,
    }
    let (random, check) = bytes.split_at(RANDOM);
    if checksum(random) == check { KeyShape::Sound } else { KeyShape::Mistyped }
}

fn checksum(random: &[u8]) -> [u8; CHECK] {
    let mut check = [0; CHECK];
    for (to, from) in check.iter_mut().zip(Digest::of(random).as_bytes()) {
        *to = *from;
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_told_from_a_wrong_key() {
        let key = NewKey::make().unwrap();
        let text = key.reveal();
        assert_eq!(text.len(), 53, "{text}");
        assert_eq!(key_shape(text), KeyShape::Sound);
        for place in 5..text.len() {
            let mut slipped = text.to_owned();
            let other = if &slipped[place..=place] == "A" { "B" } else { "A" };
            slipped.replace_range(place..=place, other);
            assert_eq!(key_shape(&slipped), KeyShape::Mistyped, "place {place}");
            assert_eq!(key_shape(&text[..place]), KeyShape::Mistyped, "cut at {place}");
        }
        assert_eq!(key_shape(&format!("{text}A")), KeyShape::Mistyped);
        assert_eq!(key_shape(&format!("{text}={}", "x".repeat(10_000))), KeyShape::Mistyped);
        for foreign in ["", "nhip", "Bearer x", "đây không phải khoá"] {
            assert_eq!(key_shape(foreign), KeyShape::Foreign, "{foreign}");
        }
    }

    #[test]
    fn keys_differ_and_do_not_print() {
        let (one, other) = (NewKey::make().unwrap(), NewKey::make().unwrap());
        assert_ne!(one.reveal(), other.reveal());
        assert_eq!(format!("{one:?}"), "NewKey(0, …)");
    }
}
