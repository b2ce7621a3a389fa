//! `GET /api/audit/export`: a part of the record, as it is written.
//!
//! The export is never held whole. Invariants: what goes wrong before the first piece is a problem like any other; what
//! goes wrong later breaks the connection off, so a part never looks like the whole. An export without its closing
//! checkpoint does not verify either. A client that takes nothing for [`STALLED`] has its export ended.

use super::extract::Params;
use super::{Context, Refusal, audit};
use crate::deployments::chain;
use crate::wire::ExportQuery;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use nhip_registry::RegistryError;
use std::io::{self, ErrorKind, Write};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::JoinHandle;

/// How much is sent at once, and how many of these wait for the client.
const PIECE: usize = 64 << 10;
const WAITING: usize = 4;
/// How long a client may take nothing: meanwhile nothing can be emptied, and one reader less is free.
const STALLED: Duration = Duration::from_secs(60);

/// The export itself, in a task of its own.
type Exporting = JoinHandle<Result<(), RegistryError>>;

/// `GET /api/audit/export`.
pub(crate) async fn export(
    State(context): State<Arc<Context>>,
    Params(ExportQuery { from, to }): Params<ExportQuery>,
) -> Result<Response, Refusal> {
    let (sender, mut pieces) = mpsc::channel(WAITING);
    let out = Pieces { to: sender, piece: Vec::new(), runtime: Handle::current(), patience: STALLED };
    let journal = context.registry.journal.clone();
    let exporting: Exporting = tokio::spawn(async move { journal.export(from, to, out).await.map(|_| ()) });
    let Some(first) = pieces.recv().await else {
        return Err(match exporting.await {
            Ok(Err(error)) => audit::refusal(&error),
            Ok(Ok(())) | Err(_) => {
                let cure = "this is a defect of the gateway: look in its log";
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the export broke off", cure)
            }
        });
    };
    let first = stream::iter([Ok::<_, io::Error>(first)]);
    let body = first.chain(stream::unfold((pieces, Some(exporting)), rest));
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(body)).into_response())
}

type Rest = (Receiver<Bytes>, Option<Exporting>);

/// The next piece; at the end, whether it was the end.
async fn rest((mut pieces, mut exporting): Rest) -> Option<(io::Result<Bytes>, Rest)> {
    if let Some(piece) = pieces.recv().await {
        return Some((Ok(piece), (pieces, exporting)));
    }
    let error = match exporting.take()?.await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => chain(&error),
        Err(error) => chain(&error),
    };
    tracing::error!(error, "an export of the record broke off");
    Some((Err(io::Error::other("the export broke off")), (pieces, None)))
}

/// Where the export is written: pieces on their way to the client. Written from a thread that may wait.
struct Pieces {
    to: Sender<Bytes>,
    piece: Vec<u8>,
    runtime: Handle,
    /// How long the client may take nothing.
    patience: Duration,
}

impl Pieces {
    fn send(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        if piece.is_empty() {
            return Ok(());
        }
        self.runtime.block_on(self.to.send_timeout(piece, self.patience)).map_err(|error| match error {
            SendTimeoutError::Timeout(_) => io::Error::new(ErrorKind::TimedOut, "the client takes nothing"),
            SendTimeoutError::Closed(_) => io::Error::new(ErrorKind::BrokenPipe, "the client went away"),
        })
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_that_goes_away_ends_its_export() {
        let (to, pieces) = mpsc::channel(WAITING);
        let mut out = Pieces { to, piece: Vec::new(), runtime: Handle::current(), patience: STALLED };
        drop(pieces);
        let written = tokio::task::spawn_blocking(move || out.write_all(&vec![0; 2 * PIECE])).await.unwrap();
        assert_eq!(written.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_ends_its_export() {
        let (to, _pieces) = mpsc::channel(WAITING);
        let mut out = Pieces { to, piece: Vec::new(), runtime: Handle::current(), patience: Duration::from_millis(10) };
        let write = move || (0..=WAITING).try_for_each(|_| out.write_all(&[0; PIECE]));
        let written = tokio::task::spawn_blocking(write).await.unwrap();
        assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
