//! Text in a place of fixed size. What does not fit is cut off, between two characters.

use core::fmt::{Arguments, Write};

/// The most bytes.
const ROOM: usize = 1024;

/// The text so far: the first `len` bytes of the room, whole characters all of them.
pub(crate) struct Words {
    room: [u8; ROOM],
    len: usize,
}

impl Default for Words {
    fn default() -> Self {
        Self { room: [0; ROOM], len: 0 }
    }
}

impl Words {
    /// Add this, as far as there is room.
    pub(crate) fn add(&mut self, text: Arguments<'_>) {
        // It fails when the room is full: what fits is there then.
        let _ = self.write_fmt(text);
    }

    /// It all.
    pub(crate) fn text(&self) -> &str {
        self.room.get(..self.len).and_then(|text| str::from_utf8(text).ok()).unwrap_or_default()
    }
}

impl Write for Words {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let free = self.room.get_mut(self.len..).unwrap_or_default();
        let fits = text.floor_char_boundary(free.len());
        for (to, from) in free.iter_mut().zip(text.bytes().take(fits)) {
            *to = from;
        }
        self.len += fits;
        if fits < text.len() { Err(core::fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{ROOM, Words};
    use std::string::String;

    #[test]
    fn words_are_kept() {
        let mut words = Words::default();
        words.add(format_args!("panicked at {}: {}", "src/lib.rs:7", "không có"));
        assert_eq!(words.text(), "panicked at src/lib.rs:7: không có");
    }

    #[test]
    fn what_does_not_fit_is_cut_between_characters() {
        let mut words = Words::default();
        words.add(format_args!("a{}", "ộ".repeat(ROOM)));
        let kept: String = core::iter::once('a').chain(core::iter::repeat_n('ộ', (ROOM - 1) / 3)).collect();
        assert_eq!(words.text(), kept);
        words.add(format_args!("{}{}", "b", "c"));
        assert!(words.text().starts_with(&kept) && words.text().len() <= ROOM);
    }
}
