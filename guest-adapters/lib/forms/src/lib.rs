//! The written forms that the systems share: dates, times, codes of organs, base64, and the time inside an exchange's id.
//!
//! Pure functions on text. Invariant: a [`Date`] or [`Time`] that exists in the program exists in the calendar.

pub mod base64;
mod date;
mod exchange;
mod organ;
mod time;

pub use date::Date;
pub use exchange::id_millis;
pub use organ::{OrganList, organ_list};
pub use time::Time;
