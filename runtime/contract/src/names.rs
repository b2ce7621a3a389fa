//! Names: kebab-case of WIT to lowerCamelCase of JSON, tables that find an item by its name, and "did you mean".
//!
//! Invariant: within one [`Table`] no two items have the same key, so a key finds at most one item.

/// The lowerCamelCase form of a WIT name, as JavaScript bindings write it: `citizen-id` → `citizenId`,
/// `HTTP-status` → `httpStatus`.
#[must_use]
pub fn lower_camel(kebab: &str) -> String {
    let mut out = String::with_capacity(kebab.len());
    for (at, word) in kebab.split('-').enumerate() {
        let mut letters = word.chars();
        if at > 0
            && let Some(first) = letters.next()
        {
            out.push(first.to_ascii_uppercase());
        }
        out.extend(letters.map(|letter| letter.to_ascii_lowercase()));
    }
    out
}

/// Something that stands in a [`Table`].
pub trait Keyed {
    /// The name it is found by in JSON.
    fn key(&self) -> &str;
}

/// Items in the order of the contract, found by key without a hash or an allocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<T> {
    items: Vec<T>,
    /// Positions in `items`, sorted by key.
    sorted: Vec<usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { items: Vec::new(), sorted: Vec::new() }
    }
}

impl<T: Keyed> Table<T> {
    /// A table of `items`.
    ///
    /// # Errors
    /// The key that stands there twice.
    pub fn new(items: Vec<T>) -> Result<Self, String> {
        let mut keyed: Vec<(&str, usize)> = items.iter().enumerate().map(|(at, item)| (item.key(), at)).collect();
        keyed.sort_unstable();
        let twice = keyed.windows(2).find_map(|pair| match pair {
            [(one, _), (other, _)] if one == other => Some((*one).to_owned()),
            _ => None,
        });
        if let Some(key) = twice {
            return Err(key);
        }
        let sorted = keyed.into_iter().map(|(_, at)| at).collect();
        Ok(Self { items, sorted })
    }

    /// The items in the order of the contract.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The position of the item with that key. `hint` is where it probably is: callers write members in order.
    #[must_use]
    pub fn find(&self, key: &str, hint: usize) -> Option<usize> {
        if self.items.get(hint).is_some_and(|item| item.key() == key) {
            return Some(hint);
        }
        let key_at = |at: &usize| self.items.get(*at).map(Keyed::key);
        let found = self.sorted.binary_search_by(|at| key_at(at).cmp(&Some(key))).ok()?;
        self.sorted.get(found).copied()
    }

    /// The item with that key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&T> {
        self.find(key, 0).and_then(|at| self.items.get(at))
    }

    /// The key that `wrong` was probably meant to be.
    #[must_use]
    pub fn nearest(&self, wrong: &str) -> Option<&str> {
        nearest(wrong, self.items.iter().map(Keyed::key))
    }
}

/// Names longer than this are not compared: the comparison costs the product of both lengths.
const LONGEST_COMPARED: usize = 64;

fn nearest<'a>(wrong: &str, right: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if wrong.len() > LONGEST_COMPARED {
        return None;
    }
    let plain = plain(wrong);
    right
        .filter(|key| key.len() <= LONGEST_COMPARED)
        .map(|key| (strsim::damerau_levenshtein(&plain, &self::plain(key)), key))
        .min()
        .filter(|(distance, key)| *distance <= 1.max(key.len() / 3).min(3))
        .map(|(_, key)| key)
}

/// Without case and separators, so that `citizen-id`, `citizen_id` and `CitizenID` all come near `citizenId`.
fn plain(name: &str) -> String {
    name.chars().filter(|letter| !matches!(letter, '-' | '_' | ' ')).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Key(&'static str);

    impl Keyed for Key {
        fn key(&self) -> &str {
            self.0
        }
    }

    fn table(keys: &[&'static str]) -> Table<Key> {
        Table::new(keys.iter().map(|key| Key(key)).collect()).unwrap()
    }

    #[test]
    fn kebab_becomes_lower_camel() {
        let cases = [
            ("id", "id"),
            ("citizen-id", "citizenId"),
            ("HTTP-status", "httpStatus"),
            ("get-URL", "getUrl"),
            ("a1-b2", "a1B2"),
            ("x-509", "x509"),
        ];
        for (kebab, camel) in cases {
            assert_eq!(lower_camel(kebab), camel, "{kebab}");
        }
    }

    #[test]
    fn a_table_finds_each_key_whatever_the_hint() {
        let table = table(&["name", "citizenId", "address", "born"]);
        for hint in 0..6 {
            for (at, item) in table.items().iter().enumerate() {
                assert_eq!(table.find(item.0, hint), Some(at));
            }
            assert_eq!(table.find("missing", hint), None);
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_named() {
        let twice = Table::new(vec![Key("a"), Key("b"), Key("a")]);
        assert_eq!(twice.err().as_deref(), Some("a"));
    }

    #[test]
    fn suggestions_forgive_case_separators_and_slips_but_nothing_more() {
        let table = table(&["citizenId", "purpose", "id"]);
        let cases = [
            ("citizen-id", Some("citizenId")),
            ("CITIZEN_ID", Some("citizenId")),
            ("citzenId", Some("citizenId")),
            ("prupose", Some("purpose")),
            ("ib", Some("id")),
            ("colour", None),
        ];
        for (wrong, right) in cases {
            assert_eq!(table.nearest(wrong), right, "{wrong}");
        }
        assert_eq!(table.nearest(&"x".repeat(100_000)), None);
    }
}
