//! Base64 as mail and XML carry it: white space anywhere, padding or none. Nothing else is tolerated, so that the bytes are exact.

use ::base64::Engine;
use ::base64::alphabet::STANDARD;
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes that the text stands for, or none if it is not base64.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut digits = Vec::with_capacity(text.len());
    digits.extend(text.bytes().filter(|b| !b.is_ascii_whitespace()));
    ENGINE.decode(digits).ok()
}

/// The text that stands for the bytes, on one line, padded.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    ENGINE.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_missing_padding_are_accepted_and_nothing_else() {
        assert_eq!(decode(" aGV\r\n sb G8\t= ").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decode("aGVsbG8").as_deref(), Some(&b"hello"[..]));
        assert_eq!(decode("").as_deref(), Some(&b""[..]));
        for bad in ["aGVsbG9", "a", "aGVs-G8=", "aGVsbG8==", "aGV=sbG8", "aGVsbG8=x"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
