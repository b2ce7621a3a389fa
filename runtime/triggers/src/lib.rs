//! What starts exchanges besides callers: the queue of those that were accepted to be done later, and schedules.
//!
//! Both only make arrivals for the spine and write down what became of them; who may do what, and when it is tried
//! again, is said by the policy of the version that serves. Whoever composes the gateway starts [`Delivery`] and
//! [`Schedules`] and, when it stops, waits for both.
//!
//! Invariant: of what was taken, everything is given back or finished before the task that took it ends, but for what
//! the database does not take; that ends by its lease.

mod delivery;
mod job;
mod run;
mod schedules;
mod stop;
#[cfg(test)]
mod tests;
mod verdict;

pub use delivery::{Delivery, DeliveryConfig};
pub use schedules::{Schedules, SchedulesConfig};
pub use stop::Stop;
