//! The line that every call leaves in the trail of its exchange.
//!
//! Invariant: a call that was opened leaves exactly one [`UpstreamCall`], also when its future is dropped: then with the failure
//! `abandoned`, the one word that no guest ever sees.

use hyper_util::client::legacy::connect::CaptureConnection;
use nhip_exchange::{Trail, UpstreamCall};
use tokio::time::Instant;

use super::answer::Response;
use super::failure::Failure;

/// Longest name and method that are kept of a guest's own words.
const LONGEST_NAME: usize = 63;
const LONGEST_METHOD: usize = 16;

/// A call on its way.
pub(super) struct Note<'t> {
    trail: &'t Trail,
    call: UpstreamCall,
    body: u64,
    began: Option<Instant>,
    connection: Option<CaptureConnection>,
    without_effect: bool,
}

impl<'t> Note<'t> {
    /// A call to `endpoint`, with `body` bytes to send. Both words are the guest's, and are cut and cleaned.
    pub(super) fn open(trail: &'t Trail, endpoint: &str, method: &str, body: usize) -> Self {
        Self {
            trail,
            call: UpstreamCall {
                endpoint: cleaned(endpoint, LONGEST_NAME),
                method: cleaned(method, LONGEST_METHOD),
                status: None,
                failure: Some("abandoned".to_owned()),
                sent: 0,
                received: 0,
                micros: 0,
                id: None,
            },
            body: body as u64,
            began: None,
            connection: None,
            without_effect: false,
        }
    }

    /// The request as it will be sent has this many bytes in its body.
    pub(super) fn body(&mut self, bytes: usize) {
        self.body = bytes as u64;
    }

    /// A request is about to be given to the client; `connection` tells when it gets a connection.
    pub(super) fn begin(&mut self, connection: CaptureConnection) {
        self.began.get_or_insert_with(Instant::now);
        self.connection = Some(connection);
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
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.connection_metadata().is_some())
    }

    /// How many bytes of the answer's body have come.
    pub(super) fn received(&mut self, bytes: u64) {
        self.call.received = bytes;
    }

    /// The end of the call.
    pub(super) fn close(mut self, outcome: &Result<Response, Failure>) {
        match outcome {
            Ok(response) => {
                self.call.status = Some(response.status);
                self.call.failure = None;
            }
            Err(failure) => self.call.failure = Some(failure.code.as_str().to_owned()),
        }
    }
}

impl Drop for Note<'_> {
    fn drop(&mut self) {
        let micros = self.began.map_or(0, |began| began.elapsed().as_micros());
        self.trail.upstream(UpstreamCall {
            sent: if self.handed_over() { self.body } else { 0 },
            micros: u64::try_from(micros).unwrap_or(u64::MAX),
            ..self.call.clone()
        });
    }
}

fn cleaned(text: &str, longest: usize) -> String {
    let graphic = |c: char| if c.is_ascii_graphic() { c } else { '?' };
    text.chars().take(longest).map(graphic).collect()
}
