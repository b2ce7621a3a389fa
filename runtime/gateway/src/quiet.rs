//! Log lines that a stranger can cause: at most one in a while, with the number of those left out.

use std::sync::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// Says whether a line may be written now.
#[derive(Debug)]
pub(crate) struct Quiet {
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    left_out: u64,
}

impl Quiet {
    pub(crate) fn every(every: Duration) -> Self {
        Self { every, state: Mutex::default() }
    }

    /// The number of lines left out since the last one, if one may be written now.
    pub(crate) fn line(&self, now: Instant) -> Option<u64> {
        // A panic in here would leave nothing half done.
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.last.is_some_and(|last| now.saturating_duration_since(last) < self.every) {
            state.left_out += 1;
            return None;
        }
        state.last = Some(now);
        Some(std::mem::take(&mut state.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_between_are_counted() {
        let quiet = Quiet::every(Duration::from_secs(1));
        let start = Instant::now();
        assert_eq!(quiet.line(start), Some(0));
        assert_eq!(quiet.line(start + Duration::from_millis(10)), None);
        assert_eq!(quiet.line(start + Duration::from_millis(999)), None);
        assert_eq!(quiet.line(start + Duration::from_secs(1)), Some(2));
        assert_eq!(quiet.line(start + Duration::from_secs(3)), Some(0));
    }
}
