//! The line that every call leaves in the trail of its exchange.
//!
//! Invariant: a call that was opened leaves exactly one [`UpstreamCall`], also when its future is dropped: then with the failure
//! `abandoned`, the one word that no guest ever sees.

use std::mem;

use compact_str::CompactString;
use nhip_exchange::{Trail, UpstreamCall};
use tokio::time::Instant;

use super::answer::Response;
use super::failure::Failure;
use super::handed::Handed;

/// Longest name and method that are kept of a guest's own words.
const LONGEST_NAME: usize = 63;
const LONGEST_METHOD: usize = 16;

/// A call on its way.
pub(super) struct Note<'t> {
    trail: &'t Trail,
    endpoint: CompactString,
    method: CompactString,
    status: Option<u16>,
    failure: Option<&'static str>,
    body: u64,
    received: u64,
    began: Option<Instant>,
    handed: Option<Handed>,
    without_effect: bool,
}

impl<'t> Note<'t> {
    /// A call to `endpoint`, with `body` bytes to send. Both words are the guest's, and are cut and cleaned.
    pub(super) fn open(trail: &'t Trail, endpoint: &str, method: &str, body: usize) -> Self {
        Self {
            trail,
            endpoint: cleaned(endpoint, LONGEST_NAME),
            method: cleaned(method, LONGEST_METHOD),
            status: None,
            failure: Some("abandoned"),
            body: body as u64,
            received: 0,
            began: None,
            handed: None,
            without_effect: false,
        }
    }

    /// The request as it will be sent has this many bytes in its body.
    pub(super) fn body(&mut self, bytes: usize) {
        self.body = bytes as u64;
    }

    /// A request is about to be given to the client; `handed` tells when it gets a connection.
    pub(super) fn begin(&mut self, handed: Handed) {
        self.began.get_or_insert_with(Instant::now);
        self.handed = Some(handed);
        self.without_effect = false;
    }

    /// Whether the latest request may have had its effect: it was handed to a connection, and not turned away.
    pub(super) fn may_have_effect(&self) -> bool {
        self.handed_over() && !self.without_effect
    }

    /// The request was turned away at the door of the upstream system.
    pub(super) fn turned_away(&mut self) {
        self.without_effect = true;
    }

    fn handed_over(&self) -> bool {
        self.handed.as_ref().is_some_and(Handed::over)
    }

    /// How many bytes of the answer's body have come.
    pub(super) fn received(&mut self, bytes: u64) {
        self.received = bytes;
    }

    /// The end of the call.
    pub(super) fn close(mut self, outcome: &Result<Response, Failure>) {
        match outcome {
            Ok(response) => {
                self.status = Some(response.status);
                self.failure = None;
            }
            Err(failure) => self.failure = Some(failure.code.as_str()),
        }
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        let micros = self.began.map_or(0, |began| began.elapsed().as_micros());
        self.trail.upstream(UpstreamCall {
            endpoint: mem::take(&mut self.endpoint),
            method: mem::take(&mut self.method),
            status: self.status,
            failure: self.failure.map(CompactString::const_new),
            sent: if self.handed_over() { self.body } else { 0 },
            received: self.received,
            micros: u64::try_from(micros).unwrap_or(u64::MAX),
            id: None,
        });
    }
}

fn cleaned(text: &str, longest: usize) -> CompactString {
    let graphic = |c: char| c.is_ascii_graphic();
    // Nearly always there is nothing to cut or to clean.
    if text.len() <= longest && text.chars().all(graphic) {
        return text.into();
    }
    text.chars().take(longest).map(|c| if graphic(c) { c } else { '?' }).collect()
}
