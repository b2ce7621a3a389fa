//! The wish to stop, as it is heard here.

use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Hears the wish to stop. It is said when the value becomes `true`, or when nobody is left who could say it.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl From<watch::Receiver<bool>> for Stop {
    fn from(said: watch::Receiver<bool>) -> Self {
        Self(said)
    }
}

impl Stop {
    /// Whether it was said.
    #[must_use]
    pub fn is_said(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Wait until it is said.
    pub async fn said(&mut self) {
        let _ = self.0.wait_for(|said| *said).await;
    }

    /// Wait for so long, or until it is said. Gives whether it was.
    pub(crate) async fn within(&mut self, time: Duration) -> bool {
        timeout(time, self.said()).await.is_ok()
    }
}
