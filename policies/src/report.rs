//! Gathers the mistakes of one file while it is read, and gives them their lines and columns at the end.
//!
//! Two kinds of noise are kept out. Where the TOML itself is broken, what the broken line means is unknown, so other mistakes on that
//! line and settings that only seem to be missing are not told; and after a broken table header nothing but the broken TOML is told,
//! because every key below it may have landed in the wrong table. Invariant: a report of broken TOML is never empty.

use std::cell::RefCell;

use toml::de::{DeTable, DeValue};

use crate::mistakes::{Invalid, Mistake, Mistakes};
use crate::names::quoted;

/// Where something stands: its key path, and its offset in the text in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) key: String,
    pub(crate) offset: usize,
}

impl Place {
    /// The start of the file.
    pub(crate) fn start() -> Self {
        Self { key: String::new(), offset: 0 }
    }

    /// The place of a key below this one.
    pub(crate) fn child(&self, key: &str, offset: usize) -> Self {
        Self { key: join(&self.key, key), offset }
    }
}

/// A key path and one more key, quoted where TOML would want it quoted.
pub(crate) fn join(path: &str, key: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let key =
        if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { format!("\"{}\"", key.escape_debug()) };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Kind {
    /// The TOML is broken.
    Syntax,
    /// Something mandatory is not there.
    Missing,
    /// Something is there and wrong.
    Wrong,
}

#[derive(Debug)]
struct Finding {
    place: Place,
    invalid: Invalid,
    kind: Kind,
}

/// The findings of one file, in the order in which they were met.
#[derive(Debug, Default)]
pub(crate) struct Report {
    findings: RefCell<Vec<Finding>>,
}

impl Report {
    /// Something is there and wrong.
    pub(crate) fn wrong(&self, place: &Place, invalid: Invalid) {
        self.add(place.clone(), invalid, Kind::Wrong);
    }

    /// Something mandatory is not there; the place is that of the table that lacks it.
    pub(crate) fn missing(&self, table: &Place, key: &str, hint: &str) {
        let place = table.child(key, table.offset);
        self.add(place, Invalid::new("is missing", hint), Kind::Missing);
    }

    fn add(&self, place: Place, invalid: Invalid, kind: Kind) {
        self.findings.borrow_mut().push(Finding { place, invalid, kind });
    }

    /// Takes over what the TOML parser found.
    pub(crate) fn syntax(&self, text: &str, root: &DeTable<'_>, errors: &[toml::de::Error]) {
        let mut keys = Vec::new();
        gather_keys(root, "", &mut keys);
        for error in errors {
            let span = error.span().unwrap_or(text.len()..text.len());
            let before = |(offset, _): &&(usize, String)| *offset <= span.start;
            if error.message() == "duplicate key" {
                let name = text.get(span.clone()).unwrap_or_default();
                let twin = keys.iter().filter(before).rfind(|(_, path)| path.ends_with(name));
                let key = twin.map_or_else(|| name.to_owned(), |(_, path)| path.clone());
                let place = Place { key, offset: span.start };
                let invalid = Invalid::new("is given twice", "keep one of them");
                self.add(place, invalid, Kind::Wrong);
                continue;
            }
            let line_start = text.get(..span.start).and_then(|head| head.rfind('\n'));
            let on_this_line = |(offset, _): &&(usize, String)| line_start.is_none_or(|at| *offset > at);
            let key = keys.iter().filter(before).rfind(on_this_line);
            let place = Place { key: key.map(|(_, path)| path.clone()).unwrap_or_default(), offset: span.start };
            self.add(place, syntax_fault(error.message()), Kind::Syntax);
        }
    }

    /// `Ok` where nothing was found.
    pub(crate) fn finish(self, text: &str) -> Result<(), Mistakes> {
        let findings = self.findings.into_inner();
        let lines = Lines::of(text);
        let broken: Vec<usize> = findings
            .iter()
            .filter(|finding| finding.kind == Kind::Syntax)
            .map(|finding| lines.position(finding.place.offset).0)
            .collect();
        let header_broken = broken.iter().any(|line| lines.is_header(*line));
        let told = |finding: &&Finding, line: usize| match finding.kind {
            Kind::Syntax => true,
            _ if header_broken => false,
            Kind::Missing => broken.is_empty(),
            Kind::Wrong => !broken.contains(&line),
        };
        let mistakes = findings.iter().filter_map(|finding| {
            let (line, column) = lines.position(finding.place.offset);
            told(&finding, line).then(|| Mistake {
                line,
                column,
                key: finding.place.key.clone(),
                message: finding.invalid.message.clone(),
                hint: finding.invalid.hint.clone(),
            })
        });
        Mistakes::of(mistakes.collect()).map_or(Ok(()), Err)
    }
}

/// The parser's word, but for its commonest one, which says nothing to somebody who forgot the quotes or the value.
fn syntax_fault(message: &str) -> Invalid {
    if message.starts_with("string values must be quoted") {
        return Invalid::new("is not a value", "text stands in double quotes: `key = \"text\"`");
    }
    Invalid::bare(message)
}

/// Every key of the file with its path, ordered by offset.
fn gather_keys(table: &DeTable<'_>, path: &str, keys: &mut Vec<(usize, String)>) {
    for (key, value) in table {
        let here = join(path, key.get_ref());
        keys.push((key.span().start, here.clone()));
        gather_values(value.get_ref(), &here, keys);
    }
    if path.is_empty() {
        keys.sort();
    }
}

fn gather_values(value: &DeValue<'_>, path: &str, keys: &mut Vec<(usize, String)>) {
    match value {
        DeValue::Table(table) => gather_keys(table, path, keys),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                gather_values(item.get_ref(), &format!("{path}[{index}]"), keys);
            }
        }
        _ => {}
    }
}

/// The lines of a text, to turn offsets into places a person can find.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(after_breaks).collect() }
    }

    /// Line and column of a byte offset, both from 1.
    fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or_default();
        let before = rest.char_indices().take_while(|(at, _)| start + at < offset);
        (line, before.count() + 1)
    }

    /// Whether the line (from 1) opens a table.
    fn is_header(&self, line: usize) -> bool {
        let start = self.starts.get(line.saturating_sub(1)).copied();
        let rest = start.and_then(|start| self.text.get(start..));
        rest.is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('['))
    }
}

/// An unknown word's nearest known one, if it is near enough to be meant: at most a third of its letters differ.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = word.to_ascii_lowercase().replace('_', "-");
    known
        .iter()
        .map(|candidate| (strsim::osa_distance(&lower, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(lower.len()) / 3)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The cure for an unknown word: the one that was meant, or all that could be.
pub(crate) fn cure_unknown(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known here: `{}`", known.join("`, `")),
    }
}

/// An unknown key, with its cure.
pub(crate) fn unknown_key(word: &str, known: &[&str]) -> Invalid {
    Invalid::new(format!("unknown key {}", quoted(word)), cure_unknown(word, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_only_where_it_can_be_meant() {
        let known = ["memory", "cpu", "private-network", "ok"];
        for (word, meant) in [
            ("memroy", Some("memory")),
            ("Memory", Some("memory")),
            ("private_network", Some("private-network")),
            ("cp", Some("cpu")),
            ("x", None),
            ("no", None),
            ("speed", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), meant, "{word}");
        }
    }

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let lines = Lines::of("é=1\n\nab");
        let places: Vec<_> = [0, 2, 4, 5, 6, 7, 8].map(|offset| lines.position(offset)).into();
        assert_eq!(places, [(1, 1), (1, 2), (1, 4), (2, 1), (3, 1), (3, 2), (3, 3)]);
    }

    #[test]
    fn keys_are_quoted_where_toml_wants_it() {
        assert_eq!(join("", "a-b_1"), "a-b_1");
        assert_eq!(join("config", "đơn vị"), "config.\"đơn vị\"");
        assert_eq!(join("config", ""), "config.\"\"");
    }
}
