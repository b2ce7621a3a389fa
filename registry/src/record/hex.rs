//! Lower-case hex, and the hashes and signatures of the chain that are written in it.
//!
//! Invariant: one value has one text. Upper-case digits are refused, so that a changed letter is a changed record.

use nhip_exchange::Digest;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// The hash of a line: SHA-256, as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// The hash of a header line.
    pub(crate) fn of(line: &[u8]) -> Self {
        Self(*Digest::of(line).as_bytes())
    }

    /// The hash of a line that follows the one with this hash.
    pub(crate) fn then(&self, json: &[u8]) -> Self {
        Self(*Digest::of_parts(&[&self.0, json]).as_bytes())
    }

    /// The hash of this text.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        decode(text).map(Self)
    }

    /// Add the text to a line.
    pub(crate) fn push_to(&self, line: &mut Vec<u8>) {
        encode(&self.0, line);
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ChainHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChainHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("not 64 lower-case hex digits"))
    }
}

/// Bytes as a text.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(bytes.len() * 2);
    encode(bytes, &mut digits);
    String::from_utf8(digits).unwrap_or_default()
}

/// Add bytes as hex digits.
fn encode(bytes: &[u8], to: &mut Vec<u8>) {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    to.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
}

/// The bytes of exactly `2 * N` hex digits.
pub(crate) fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_text() {
        let hash = ChainHash::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(ChainHash::parse(text.as_bytes()), Some(hash));
        for wrong in ["", &text.to_uppercase(), &text[1..], &format!("{text}0"), &text.replace('b', "g")] {
            assert_eq!(ChainHash::parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
