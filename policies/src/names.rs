//! The names of this grammar, each a type of its own, so that a caller cannot be passed where a service is meant.
//!
//! Invariant: a value of one of these types has the shape its type promises; there is no other way to make one than through its check.
//! What people name is kebab-case (`one-stop`, at most 63 characters), because these names travel in URLs, host names and file names.

use crate::mistakes::Invalid;

/// Longest name people may give, in bytes: that of a label of a host name.
const LONGEST: usize = 63;

/// Makes a checked text type. The check returns the text as it is to be kept, so that one meaning has one spelling.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(compact_str::CompactString);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::mistakes::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text).map(|text| Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::mistakes::Invalid;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.into()
            }
        }

        /// Without a copy on the heap where it is short.
        impl From<&$name> for compact_str::CompactString {
            fn from(name: &$name) -> Self {
                name.0.clone()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::ops::Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use checked_text;

checked_text!(
    /// The name of an adapter: one per connected system.
    AdapterName,
    kebab
);
checked_text!(
    /// The public name under which a contract is served.
    ServiceName,
    kebab
);
checked_text!(
    /// The name of a calling system.
    CallerName,
    kebab
);
checked_text!(
    /// The name of a schedule.
    ScheduleName,
    kebab
);
checked_text!(
    /// The name of a function of a contract, as WIT spells it: words of letters and digits joined by hyphens.
    FunctionName,
    wit_label
);
checked_text!(
    /// A code that says what personal data is wanted for, 1 to 64 of `A-Z a-z 0-9 . _ : / -`.
    Purpose,
    purpose
);

/// Checks a name that people give: lower-case words of letters and digits joined by single hyphens, the first beginning with a letter.
pub(crate) fn kebab(text: &str) -> Result<String, Invalid> {
    let words_hold = text
        .split('-')
        .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    if text.len() <= LONGEST && words_hold && text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Ok(text.to_owned());
    }
    let what = format!("{} is not a name", quoted(text));
    let rule = "lower-case letters, digits and single hyphens, a letter first, at most 63";
    match suggestion(text) {
        Some(better) => Err(Invalid::new(what, format!("write `{better}`: {rule}"))),
        None => Err(Invalid::new(what, format!("a name is {rule}"))),
    }
}

/// The nearest name of the right shape, where the text is only spelled differently (`Mot_Cua` is `mot-cua`).
fn suggestion(text: &str) -> Option<String> {
    let lower: String = text
        .trim()
        .chars()
        .map(|c| match c {
            '_' | ' ' | '.' => '-',
            other => other.to_ascii_lowercase(),
        })
        .collect();
    (lower != text).then(|| kebab(&lower).ok()).flatten()
}

fn wit_label(text: &str) -> Result<String, Invalid> {
    let word_holds = |word: &str| {
        let lower = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let upper = word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        !word.is_empty() && (lower || upper)
    };
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.split('-').all(word_holds) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("{} is not the name of a function", quoted(text)),
        "write it as the contract's WIT does, such as `find-by-id`",
    ))
}

fn purpose(text: &str) -> Result<String, Invalid> {
    let holds = |b: u8| b.is_ascii_alphanumeric() || b"._:/-".contains(&b);
    if (1..=64).contains(&text.len()) && text.bytes().all(holds) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("{} is not a purpose code", quoted(text)),
        "a purpose code is 1 to 64 letters, digits and `. _ : / -`",
    ))
}

/// A text of somebody else's inside a message: in backticks, control characters escaped, cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown = String::from("`");
    for c in text.chars().take(SHOWN) {
        match c {
            '"' | '\'' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}
