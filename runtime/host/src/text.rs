//! Text that a guest wrote, made safe for logs and reports: bounded, and without control characters that could forge
//! lines or move a terminal's cursor.

/// At most `max` bytes of a guest's text, control characters as escapes.
pub(crate) fn tame(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for character in text.chars() {
        if out.len() + character.len_utf8() > max {
            out.push('…');
            break;
        }
        let unsafe_to_print = character.is_control()
            // Bidirectional overrides and line separators.
            || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if unsafe_to_print {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// The same for text of several lines that the engine wrote around a guest's names: line ends stay.
pub(crate) fn tame_lines(text: &str, max: usize) -> String {
    let cut = tame_cut(text, max);
    cut.lines().map(|line| tame(line, max)).collect::<Vec<_>>().join("\n")
}

fn tame_cut(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_cannot_forge_a_line_or_move_a_cursor() {
        assert_eq!(tame("a\nb\u{1b}[2J\u{202e}c", 100), "a\\u{a}b\\u{1b}[2J\\u{202e}c");
        assert_eq!(tame("ăâđ", 4), "ăâ…");
        assert_eq!(tame_lines("một\nhai\u{7}", 100), "một\nhai\\u{7}");
        assert!(tame_lines(&"x\n".repeat(10_000), 64).len() <= 64);
    }
}
