//! Walks the spanned TOML tree: typed reads that report what is wrong and where, and go on.
//!
//! A read of something absent or wrong gives the default or nothing, so that the rest of the file is still looked at; whoever has a
//! report with findings in it throws the value away. Invariant: every wrong value leaves a finding, and every key nobody asked for is one.

use std::cell::RefCell;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::mistakes::{Invalid, Mistakes};
use crate::report::{Place, Report, cure_unknown, unknown_key};
use crate::units;

/// Parses a whole file. `read` gives `None` only where it has reported why.
pub(crate) fn parse_file<T>(text: &str, read: impl FnOnce(&Table<'_>) -> Option<T>) -> Result<T, Mistakes> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let report = Report::default();
    report.syntax(text, root.get_ref(), &errors);
    let table = Table::new(&report, root.get_ref(), Place::start());
    let value = read(&table);
    table.finish();
    match (report.finish(text), value) {
        (Ok(()), Some(value)) => Ok(value),
        (Err(mistakes), _) => Err(mistakes),
        (Ok(()), None) => Err(Mistakes::one("cannot be read")),
    }
}

/// What a number may be, and what it is when nobody says.
pub(crate) struct Bounds<T> {
    pub(crate) default: T,
    pub(crate) least: T,
    pub(crate) most: T,
}

/// A table, and which of its keys have been asked for.
pub(crate) struct Table<'a> {
    report: &'a Report,
    entries: &'a DeTable<'a>,
    place: Place,
    known: RefCell<Vec<&'static str>>,
}

impl<'a> Table<'a> {
    fn new(report: &'a Report, entries: &'a DeTable<'a>, place: Place) -> Self {
        Self { report, entries, place, known: RefCell::default() }
    }

    /// Reports something wrong with the table as a whole.
    pub(crate) fn wrong(&self, invalid: Invalid) {
        self.report.wrong(&self.place, invalid);
    }

    /// The value under a key.
    pub(crate) fn get(&self, key: &'static str) -> Option<Node<'a>> {
        let mut known = self.known.borrow_mut();
        if !known.contains(&key) {
            known.push(key);
        }
        let (name, value) = self.entries.get_key_value(key)?;
        Some(Node {
            report: self.report,
            value: value.get_ref(),
            place: self.place.child(key, value.span().start),
            key_offset: name.span().start,
        })
    }

    /// The value under a key that must be there.
    pub(crate) fn required(&self, key: &'static str, hint: &str) -> Option<Node<'a>> {
        let node = self.get(key);
        if node.is_none() {
            self.report.missing(&self.place, key, hint);
        }
        node
    }

    /// The value under a path of keys, for a second look at what has been read already.
    pub(crate) fn find(&self, path: &[&'static str]) -> Option<Node<'a>> {
        match path {
            [] => None,
            [key] => self.get(key),
            [key, rest @ ..] => self.table(key)?.find(rest),
        }
    }

    /// The table under a key.
    pub(crate) fn table(&self, key: &'static str) -> Option<Table<'a>> {
        self.get(key)?.table()
    }

    /// A switch; `false` where it is absent.
    pub(crate) fn switch(&self, key: &'static str) -> bool {
        self.get(key).and_then(|node| node.boolean()).unwrap_or(false)
    }

    /// A size within its bounds.
    pub(crate) fn size(&self, key: &'static str, bounds: &Bounds<u64>) -> u64 {
        self.optional_size(key, bounds).unwrap_or(bounds.default)
    }

    /// A size within its bounds, if one is said.
    pub(crate) fn optional_size(&self, key: &'static str, bounds: &Bounds<u64>) -> Option<u64> {
        let node = self.get(key)?;
        let value = node.measure("a size", "64 MiB", units::size)?;
        node.bounded(value, bounds, units::show_size)
    }

    /// A duration within its bounds.
    pub(crate) fn duration(&self, key: &'static str, bounds: &Bounds<Duration>) -> Duration {
        self.optional_duration(key, bounds).unwrap_or(bounds.default)
    }

    /// A duration within its bounds, if one is said.
    pub(crate) fn optional_duration(&self, key: &'static str, bounds: &Bounds<Duration>) -> Option<Duration> {
        let node = self.get(key)?;
        let value = node.measure("a duration", "10 s", units::duration)?;
        node.bounded(value, bounds, units::show_duration)
    }

    /// A whole number within its bounds.
    pub(crate) fn count(&self, key: &'static str, bounds: &Bounds<u32>) -> u32 {
        let read = |node: Node<'a>| node.bounded(node.whole_number()?, bounds, |count| count.to_string());
        self.get(key).and_then(read).unwrap_or(bounds.default)
    }

    /// Every entry of a table whose keys are the writer's own, with the name as the place of the entry's key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, Node<'a>)> + '_ {
        self.entries.iter().map(|(name, value)| {
            let key: &'a str = name.get_ref();
            let node = Node {
                report: self.report,
                value: value.get_ref(),
                place: self.place.child(key, value.span().start),
                key_offset: name.span().start,
            };
            (key, node)
        })
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        for (name, _) in self.entries {
            let key: &str = name.get_ref();
            if !known.contains(&key) {
                let place = self.place.child(key, name.span().start);
                self.report.wrong(&place, unknown_key(key, &known));
            }
        }
    }
}

/// A value and its place.
pub(crate) struct Node<'a> {
    report: &'a Report,
    value: &'a DeValue<'a>,
    place: Place,
    key_offset: usize,
}

impl<'a> Node<'a> {
    /// Reports something wrong with the value.
    pub(crate) fn wrong(&self, invalid: Invalid) {
        self.report.wrong(&self.place, invalid);
    }

    /// Reports something wrong with the key of the value.
    pub(crate) fn wrong_key(&self, invalid: Invalid) {
        let place = Place { offset: self.key_offset, ..self.place.clone() };
        self.report.wrong(&place, invalid);
    }

    /// Where the key of the value stands, in bytes from the start.
    pub(crate) fn key_offset(&self) -> usize {
        self.key_offset
    }

    fn mistyped(&self, wanted: &str, hint: Option<String>) {
        let found = match self.value.type_str() {
            kind @ ("array" | "integer") => format!("an {kind}"),
            kind => format!("a {kind}"),
        };
        self.wrong(Invalid { message: format!("expected {wanted}, found {found}"), hint });
    }

    /// The value as it is.
    pub(crate) fn value(&self) -> &'a DeValue<'a> {
        self.value
    }

    /// A text.
    pub(crate) fn text(&self) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.mistyped("text", Some("write it in double quotes".to_owned()));
        }
        text
    }

    /// A text that means something.
    pub(crate) fn parse<T>(&self, read: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        read(self.text()?).map_err(|invalid| self.wrong(invalid)).ok()
    }

    fn measure<T>(&self, wanted: &str, example: &str, read: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        if !self.value.is_str() {
            let hint = format!("write it as text with its unit, such as \"{example}\"");
            self.mistyped(wanted, Some(hint));
            return None;
        }
        self.parse(read)
    }

    fn bounded<T: Ord + Copy>(&self, value: T, bounds: &Bounds<T>, show: impl Fn(T) -> String) -> Option<T> {
        let fault = match value {
            low if low < bounds.least => "too little",
            high if high > bounds.most => "too much",
            _ => return Some(value),
        };
        let hint = format!("from `{}` to `{}`", show(bounds.least), show(bounds.most));
        self.wrong(Invalid::new(format!("`{}` is {fault}", show(value)), hint));
        None
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let message = format!("unknown value {}", crate::names::quoted(text));
            self.wrong(Invalid::new(message, cure_unknown(text, &words)));
        }
        found.map(|(_, choice)| *choice)
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&self) -> Option<bool> {
        let value = self.value.as_bool();
        if value.is_none() {
            self.mistyped("`true` or `false`", Some("write it without quotes".to_owned()));
        }
        value
    }

    fn whole_number(&self) -> Option<u32> {
        let Some(integer) = self.value.as_integer() else {
            self.mistyped("a whole number", Some("write it without quotes and without a unit".to_owned()));
            return None;
        };
        let number = u32::from_str_radix(integer.as_str(), integer.radix());
        if number.is_err() {
            let message = format!("`{integer}` is not a number of things");
            self.wrong(Invalid::new(message, "write a whole number that is not negative"));
        }
        number.ok()
    }

    /// A table.
    pub(crate) fn table(&self) -> Option<Table<'a>> {
        let Some(entries) = self.value.as_table() else {
            self.mistyped("a table", None);
            return None;
        };
        let place = Place { offset: self.key_offset, ..self.place.clone() };
        Some(Table::new(self.report, entries, place))
    }

    /// A list.
    pub(crate) fn list(&self) -> Option<Vec<Node<'a>>> {
        let Some(items) = self.value.as_array() else {
            let hint = self.value.is_str().then(|| "write it in square brackets: `[\"…\"]`".to_owned());
            self.mistyped("a list", hint);
            return None;
        };
        let node = |(index, item): (usize, &'a toml::Spanned<DeValue<'a>>)| Node {
            report: self.report,
            value: item.get_ref(),
            place: Place { key: format!("{}[{index}]", self.place.key), offset: item.span().start },
            key_offset: item.span().start,
        };
        Some(items.iter().enumerate().map(node).collect())
    }

    /// A list of texts that mean something, sorted; the same thing twice is a mistake.
    pub(crate) fn set<T: Ord>(&self, read: impl Fn(&str) -> Result<T, Invalid>) -> Vec<T> {
        let mut found: Vec<T> = Vec::new();
        for item in self.list().unwrap_or_default() {
            let Some(value) = item.parse(&read) else {
                continue;
            };
            match found.binary_search(&value) {
                Ok(_) => item.wrong(Invalid::new("is in the list already", "keep one of them")),
                Err(index) => found.insert(index, value),
            }
        }
        found
    }
}
