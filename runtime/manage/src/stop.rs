//! The wish to stop: said by the control API or by a signal, heard by whoever composes the gateway.
//!
//! Invariant: once said it stays said; whoever asks later hears it at once.

use std::sync::Arc;
use tokio::sync::watch;

/// The wish to stop. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Say it.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was said.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.0.borrow()
    }

    /// Wait until it is said.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`, so this ends in one way only.
        let _ = self.0.subscribe().wait_for(|stopping| *stopping).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_heard_before_and_after() {
        let stop = Stop::default();
        let waiting = tokio::spawn({
            let stop = stop.clone();
            async move { stop.stopped().await }
        });
        assert!(!stop.is_stopping());
        stop.clone().stop();
        waiting.await.unwrap();
        stop.stopped().await;
        assert!(stop.is_stopping());
    }
}
