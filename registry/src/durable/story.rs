//! The story of an exchange that is done later: what became of its tries.
//!
//! Invariant: a story has at most [`LONGEST_STORY`] lines, the newest, and says how many it lacks.

use super::what;
use crate::error::{RegistryError, cannot, corrupt};
use crate::store::{Connection, from_db};
use nhip_exchange::{ExchangeId, Fault};
use serde::{Deserialize, Serialize};

/// The most lines that a story has.
pub const LONGEST_STORY: usize = 50;

/// What became of the tries, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Story {
    /// How many older lines were left out.
    #[serde(default)]
    pub left_out: u64,
    /// The newest lines.
    pub lines: Vec<Line>,
}

/// What became of one try.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Line {
    /// When it was over, in milliseconds since 1970.
    pub at_ms: u64,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// Whether it reached the adapter, or may have. One that did not does not count.
    pub tried: bool,
    /// `ok`, `lost` or the code of the fault.
    pub code: String,
    /// The sentence of the fault.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sentence: String,
    /// When the next try was to be, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u64>,
}

impl Line {
    /// It was done.
    pub(super) fn ok(at_ms: i64, attempt: u32) -> Self {
        let (code, sentence) = ("ok".to_owned(), String::new());
        Self { at_ms: from_db(at_ms), attempt, tried: true, code, sentence, next_ms: None }
    }

    /// It ended with a fault.
    pub(super) fn fault(at_ms: i64, attempt: u32, fault: &Fault, next_ms: Option<u64>) -> Self {
        let code = fault.kind.row().code.to_owned();
        Self { at_ms: from_db(at_ms), attempt, tried: true, code, sentence: fault.outside.to_string(), next_ms }
    }

    /// Its gateway was gone before it said what became of it.
    pub(super) fn lost(at_ms: i64, attempt: u32) -> Self {
        let sentence = "the gateway that tried it ended before it said what became of it".to_owned();
        Self { at_ms: from_db(at_ms), attempt, tried: true, code: "lost".to_owned(), sentence, next_ms: None }
    }
}

impl Story {
    /// Add a line. Of those in a row that did not reach the adapter, the last is enough.
    pub(super) fn add(&mut self, line: Line) {
        if !line.tried && self.lines.last().is_some_and(|last| !last.tried) {
            self.lines.pop();
        }
        self.lines.push(line);
        let over = self.lines.len().saturating_sub(LONGEST_STORY);
        self.lines.drain(..over);
        self.left_out = self.left_out.saturating_add(over as u64);
    }

    pub(super) fn parse(text: &str, id: &str) -> Result<Self, RegistryError> {
        serde_json::from_str(text).map_err(corrupt(what(id)))
    }

    pub(super) fn text(&self) -> Result<String, RegistryError> {
        serde_json::to_string(self).map_err(corrupt("a story"))
    }
}

/// The story of an exchange, if there is one of that id.
pub(super) async fn read(change: &mut Connection, id: ExchangeId) -> Result<Option<Story>, RegistryError> {
    let id = id.to_string();
    let text: Option<String> = sqlx::query_scalar("SELECT story FROM durable WHERE id = $1")
        .bind(&id)
        .fetch_optional(change)
        .await
        .map_err(cannot("be read"))?;
    text.map(|text| Story::parse(&text, &id)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nhip_exchange::Kind;

    #[test]
    fn a_story_keeps_its_newest_lines_and_counts_the_others() {
        let mut story = Story::default();
        for attempt in 1..=60 {
            story.add(Line::fault(5, attempt, &Fault::new(Kind::Busy, "busy"), Some(9)));
        }
        assert_eq!((story.left_out, story.lines.len()), (10, LONGEST_STORY));
        assert_eq!((story.lines[0].attempt, story.lines[49].attempt), (11, 60));
        assert_eq!(Story::parse(&story.text().unwrap(), "x").unwrap(), story);
    }

    #[test]
    fn what_did_not_reach_the_adapter_is_one_line() {
        let mut story = Story::default();
        story.add(Line::ok(1, 1));
        for at in 2..100 {
            story.add(Line { tried: false, ..Line::fault(at, 2, &Fault::new(Kind::Saturated, "full"), None) });
        }
        assert_eq!((story.lines.len(), story.lines[1].at_ms), (2, 99));
    }
}
