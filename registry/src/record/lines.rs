//! Reading a record line by line, in bounded memory.
//!
//! The segment that is being written may be filled with zeros behind what is written, and after a power cut also within
//! its last group. No line has a zero byte in it, so there a zero byte is the end.

use std::io::{self, BufRead};

/// The longest line that is written, and that is read. The longest possible record of an exchange is some 4 MiB.
pub(crate) const LONGEST_LINE: usize = 16 << 20;

/// What was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Line {
    /// Nothing: the end.
    End,
    /// A line. Its newline is not part of it.
    Whole,
    /// Bytes without a newline, at the end, or before the first zero byte of a file that is being written.
    Torn,
    /// More bytes than a line has.
    TooLong,
}

/// The lines of an input.
pub(crate) struct Lines<R> {
    input: R,
    /// The number of the last line that was read, from 1.
    pub(crate) number: u64,
    /// How many bytes whole lines had, with their newlines.
    pub(crate) whole: u64,
    /// Whether the first zero byte is the end.
    filled: bool,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, number: 0, whole: 0, filled: false }
    }

    /// The lines of a segment that is not sealed.
    pub(crate) fn unsealed(input: R) -> Self {
        Self { filled: true, ..Self::new(input) }
    }

    /// Read the next line into `line`.
    pub(crate) fn next(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        self.number += 1;
        loop {
            let read = match self.input.fill_buf() {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let end = memchr::memchr(b'\n', read);
            let part = read.get(..end.unwrap_or(read.len())).unwrap_or_default();
            let zero = if self.filled { memchr::memchr(0, part) } else { None };
            let part = part.get(..zero.unwrap_or(part.len())).unwrap_or_default();
            if line.len() + part.len() > LONGEST_LINE {
                return Ok(Line::TooLong);
            }
            line.extend_from_slice(part);
            if read.is_empty() || zero.is_some() {
                return Ok(if line.is_empty() { Line::End } else { Line::Torn });
            }
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                self.whole += line.len() as u64 + 1;
                return Ok(Line::Whole);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    #[test]
    fn lines_are_cut_at_newlines_whatever_the_buffer_and_never_grow_beyond_bounds() {
        for capacity in 1..20 {
            let mut lines = Lines::new(BufReader::with_capacity(capacity, &b"one\n\ntwo three\nfour"[..]));
            let mut line = Vec::new();
            for (expected, kind) in
                [("one", Line::Whole), ("", Line::Whole), ("two three", Line::Whole), ("four", Line::Torn)]
            {
                assert_eq!((lines.next(&mut line).unwrap(), line.as_slice()), (kind, expected.as_bytes()));
            }
            assert_eq!(lines.next(&mut line).unwrap(), Line::End);
            assert_eq!(lines.whole, 15);
        }
        for capacity in 1..20 {
            let filled = b"one\ntwo three\nfo\0\0r\nfive\n\0\0\0";
            let mut lines = Lines::unsealed(BufReader::with_capacity(capacity, &filled[..]));
            let mut line = Vec::new();
            for (expected, kind) in [("one", Line::Whole), ("two three", Line::Whole), ("fo", Line::Torn)] {
                assert_eq!((lines.next(&mut line).unwrap(), line.as_slice()), (kind, expected.as_bytes()));
            }
            assert_eq!(lines.whole, 14);
            let mut blank = Lines::unsealed(BufReader::with_capacity(capacity, &b"one\n\0\0\0"[..]));
            assert_eq!((blank.next(&mut line).unwrap(), blank.next(&mut line).unwrap()), (Line::Whole, Line::End));
        }
        let mut endless = Lines::new(BufReader::new(io::repeat(b'x')));
        let mut line = Vec::new();
        assert_eq!(endless.next(&mut line).unwrap(), Line::TooLong);
        assert!(line.len() <= LONGEST_LINE);
    }
}
