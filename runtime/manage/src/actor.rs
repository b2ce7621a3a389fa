//! Who does a control act, as it stands in the acts: `admin`, or `admin/` and the name that the person gave.
//!
//! Invariant: an actor is short and holds nothing that plays tricks with a terminal or a log. The name proves
//! nothing, the admin token does; so it always stands behind `admin/` and cannot pass for another kind of actor.

use std::fmt;

/// The longest name, in bytes.
const LONGEST: usize = 64;

/// Who does a control act.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Actor(String);

/// The text is not the name of an operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the operator's name must be 1 to {LONGEST} letters, digits and `. _ @ -`")]
pub struct NotAnOperator;

impl Actor {
    /// Whoever has the admin token.
    #[must_use]
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The same, with the name they gave.
    ///
    /// # Errors
    /// [`NotAnOperator`] for a text that is empty, long or has other characters.
    pub fn operator(name: &[u8]) -> Result<Self, NotAnOperator> {
        let holds = |byte: &u8| byte.is_ascii_alphanumeric() || b"._@-".contains(byte);
        if !(1..=LONGEST).contains(&name.len()) || !name.iter().all(holds) {
            return Err(NotAnOperator);
        }
        let name = std::str::from_utf8(name).map_err(|_| NotAnOperator)?;
        Ok(Self(format!("admin/{name}")))
    }

    /// As it stands in the acts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_behind_admin_and_plays_no_tricks() {
        assert_eq!(Actor::operator(b"lan.nguyen@so-tttt").unwrap().as_str(), "admin/lan.nguyen@so-tttt");
        let long = vec![b'a'; LONGEST + 1];
        for wrong in [&b""[..], b"a b", b"a/b", b"a\nb", b"\x1b[2J", "Lân".as_bytes(), &long] {
            assert_eq!(Actor::operator(wrong), Err(NotAnOperator), "{wrong:?}");
        }
        assert!(Actor::operator(&long[..LONGEST]).is_ok());
    }
}
