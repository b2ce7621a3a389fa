//! Names of persons: put together from their parts, written one way, compared.

use unicode_normalization::UnicodeNormalization;

use crate::contract::PersonName;

/// The full name in the usual order, or none if nothing of it is known.
pub(crate) fn full(name: &PersonName) -> Option<String> {
    let parts = [&name.family, &name.middle, &name.given];
    let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let joined = if parts.is_empty() { name.whole.clone()? } else { parts.join(" ") };
    Some(tidy(&joined))
}

/// With single blanks, and every letter with its accents as one character (NFC): how the register writes names.
pub(crate) fn tidy(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").nfc().collect()
}

/// Whether two names are the same but for case, blanks and the encoding of accents.
pub(crate) fn same(one: &str, other: &str) -> bool {
    tidy(one).to_lowercase() == tidy(other).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_case_and_encoding_do_not_count_but_accents_do() {
        let decomposed = "nguye\u{302}\u{303}n  thi\u{323}\tA\u{301}nh ";
        assert!(same(decomposed, "NGUYỄN THỊ ÁNH"));
        assert!(!same("Nguyễn Thị Ánh", "Nguyễn Thị Anh"));
        assert!(!same("Đỗ An", "Do An"));
    }

    #[test]
    fn parts_come_before_the_whole() {
        let name = |family: Option<&str>, given: Option<&str>, whole: Option<&str>| PersonName {
            family: family.map(Into::into),
            middle: None,
            given: given.map(Into::into),
            whole: whole.map(Into::into),
        };
        assert_eq!(full(&name(Some("Lê"), Some("An"), None)).as_deref(), Some("Lê An"));
        assert_eq!(full(&name(None, None, Some("LÊ  AN"))).as_deref(), Some("LÊ AN"));
        assert_eq!(full(&name(None, None, None)), None);
    }
}
