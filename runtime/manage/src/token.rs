//! The admin token: what opens the control API.
//!
//! Invariant: only its SHA-256 is held, and the comparison takes the same time wherever the digests differ. The token
//! is long and random, so it needs no slower hash.

use nhip_exchange::Digest;
use std::fmt;
use std::hint::black_box;

/// What is held of the admin token.
#[derive(Clone)]
pub struct AdminToken(Digest);

impl AdminToken {
    /// The token of this text. The text is not kept.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Digest::of(text.as_bytes()))
    }

    /// The token of this SHA-256.
    #[must_use]
    pub fn of_hash(hash: Digest) -> Self {
        Self(hash)
    }

    /// Whether the presented text is the token.
    #[must_use]
    pub fn is(&self, presented: &[u8]) -> bool {
        let presented = Digest::of(presented);
        let pairs = self.0.as_bytes().iter().zip(presented.as_bytes());
        black_box(pairs.fold(0, |differing, (one, other)| black_box(differing | (one ^ other)))) == 0
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_is_the_token_and_it_does_not_print() {
        let token = AdminToken::of("s3cret-token");
        assert!(token.is(b"s3cret-token"));
        for wrong in ["", "s3cret-toke", "s3cret-token ", "S3cret-token", &Digest::of(b"s3cret-token").hex()] {
            assert!(!token.is(wrong.as_bytes()), "{wrong}");
        }
        assert!(AdminToken::of_hash(Digest::of(b"s3cret-token")).is(b"s3cret-token"));
        assert_eq!(format!("{token:?}"), "AdminToken(…)");
    }
}
