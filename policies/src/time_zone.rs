//! A time zone by its name in the IANA database, such as `Asia/Ho_Chi_Minh`.
//!
//! The database is in the binary, so that a schedule means the same on every machine, whatever `/usr/share/zoneinfo` holds there.
//! Invariant: the name is spelled as the database spells it.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZoneDatabase;

use crate::mistakes::Invalid;
use crate::names::quoted;
use crate::report::nearest;

/// What people write for the time of the country.
const HABITS: [&str; 3] = ["hanoi", "ha_noi", "viet"];

/// A time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeZone {
    name: String,
    rules: jiff::tz::TimeZone,
}

impl TimeZone {
    /// The zone where a policy names none.
    pub const DEFAULT: &'static str = "Asia/Ho_Chi_Minh";

    /// The name of the zone.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) fn rules(&self) -> &jiff::tz::TimeZone {
        &self.rules
    }
}

impl FromStr for TimeZone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let zones = TimeZoneDatabase::bundled();
        let rules = zones.get(text).ok();
        // The database takes any case for the same; one zone shall have one spelling here.
        let name = rules.as_ref().and_then(|rules| rules.iana_name());
        match (name, &rules) {
            (Some(name), Some(rules)) if name == text => Ok(Self { name: name.to_owned(), rules: rules.clone() }),
            (Some(name), _) => Err(unknown(text, Some(name))),
            (None, _) => {
                let names: Vec<String> = zones.available().map(|name| name.as_str().to_owned()).collect();
                let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase().replace('_', "-")).collect();
                let known: Vec<&str> = lower.iter().map(String::as_str).collect();
                // The database knows the country's time by its largest city.
                if HABITS.iter().any(|habit| text.to_ascii_lowercase().contains(habit)) {
                    return Err(unknown(text, Some(Self::DEFAULT)));
                }
                let near = nearest(text, &known).and_then(|meant| lower.iter().position(|name| name == meant));
                Err(unknown(text, near.and_then(|index| names.get(index)).map(String::as_str)))
            }
        }
    }
}

fn unknown(text: &str, meant: Option<&str>) -> Invalid {
    let hint = match meant {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("write its name in the IANA database, such as `{}`", TimeZone::DEFAULT),
    };
    Invalid::new(format!("{} is not a time zone", quoted(text)), hint)
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
