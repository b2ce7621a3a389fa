//! What is kept of an exchange's end, and how its words are read again.

use super::what;
use crate::error::{RegistryError, corrupt};
use bytes::Bytes;
use nhip_exchange::durable::{End, KeptFault, State};
use nhip_exchange::{ExchangeId, Fault};
use uuid::Uuid;

/// The fault as the text that is kept.
pub(super) fn fault_text(fault: &Fault) -> Result<String, RegistryError> {
    serde_json::to_string(&KeptFault::from(fault)).map_err(corrupt("a fault"))
}

/// The fault that was kept.
pub(super) fn fault(text: &str, id: &str) -> Result<KeptFault, RegistryError> {
    serde_json::from_str(text).map_err(corrupt(what(id)))
}

/// How it ended: with an answer or a fault.
pub(super) fn end(id: &str, answer: Option<Vec<u8>>, text: Option<&str>) -> Result<End, RegistryError> {
    let result = match (answer, text) {
        (Some(answer), _) => Ok(Bytes::from(answer)),
        (None, Some(text)) => Err(fault(text, id)?.fault()),
        (None, None) => return Err(corrupt(what(id))("it ended with neither an answer nor a fault")),
    };
    Ok(End { result })
}

/// The id that a row has.
pub(super) fn id(text: &str) -> Result<ExchangeId, RegistryError> {
    Uuid::try_parse(text).map(ExchangeId::from).map_err(corrupt(what(text)))
}

/// A count that a row has.
pub(super) fn count(number: i64) -> u32 {
    u32::try_from(number.max(0)).unwrap_or(u32::MAX)
}

/// The state of one that was accepted to be done later.
pub(super) fn state(word: &str, id: &str) -> Result<State, RegistryError> {
    Ok(match word {
        "waiting" => State::Waiting,
        "trying" => State::Trying,
        "done" => State::Done,
        "dead" => State::Dead,
        "discarded" => State::Discarded,
        other => return Err(corrupt(what(id))(format!("`{other}` is not a state of an accepted exchange"))),
    })
}
