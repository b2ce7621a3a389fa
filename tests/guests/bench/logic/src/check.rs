//! The checks. Each names what is wrong.

use super::Trouble;
use alloc::format;
use alloc::string::String;
use core::ops::RangeInclusive;

/// A code: capitals, digits, points and dashes, 1 to 40.
pub(crate) fn code(what: &str, text: &str) -> Result<(), Trouble> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    if (1..=40).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(());
    }
    Err(Trouble::Invalid(format!("`{what}` takes capitals, digits, points and dashes, at most 40")))
}

/// So many digits.
pub(crate) fn digits(what: &str, text: &str, many: RangeInclusive<usize>) -> Result<(), Trouble> {
    if many.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Trouble::Invalid(format!("`{what}` takes {} to {} digits", many.start(), many.end())))
}

/// Not blank.
pub(crate) fn filled(what: &str, text: &str) -> Result<(), Trouble> {
    if text.trim().is_empty() { Err(Trouble::Invalid(format!("`{what}` is empty"))) } else { Ok(()) }
}

/// A day that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day {
    year: u32,
    month: u32,
    day: u32,
}

impl Day {
    /// `yyyy-MM-dd`.
    pub(crate) fn read(what: &str, text: &str) -> Result<Self, Trouble> {
        let invalid = || Trouble::Invalid(format!("`{what}` is no day: write it as yyyy-MM-dd"));
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
            return Err(invalid());
        }
        let number = |range: core::ops::Range<usize>| -> Option<u32> {
            let digits = text.get(range)?;
            digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
        };
        let (Some(year), Some(month), Some(day)) = (number(0..4), number(5..7), number(8..10)) else {
            return Err(invalid());
        };
        let read = Self { year, month, day };
        let exists = (1..=12).contains(&month) && (1..=read.days_of_month()).contains(&day);
        if exists { Ok(read) } else { Err(invalid()) }
    }

    fn days_of_month(self) -> u32 {
        let leap = self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 => 28 + u32::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// So many days later.
    pub(crate) fn later(mut self, days: u32) -> Self {
        self.day += days;
        while self.day > self.days_of_month() {
            self.day -= self.days_of_month();
            self.month += 1;
            if self.month > 12 {
                (self.month, self.year) = (1, self.year + 1);
            }
        }
        self
    }

    /// `dd/MM/yyyy`.
    pub(crate) fn show(self) -> String {
        format!("{:02}/{:02}/{:04}", self.day, self.month, self.year)
    }
}
