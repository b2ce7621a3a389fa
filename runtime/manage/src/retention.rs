//! Retention by itself: the record's old segments are emptied, once a day.
//!
//! Nothing is emptied unless an age was said. What is emptied is told by the chain itself, beforehand and under a seal;
//! see [`nhip_registry::Journal::retain`].

use crate::deployments::chain;
use nhip_registry::Journal;
use std::time::Duration;
use tokio::time::sleep;

/// How often it is looked for segments that are old enough.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How soon again when the record could not do it.
const SOON: Duration = Duration::from_secs(60);

/// Empty the segments whose newest entry is older than `age`, now and every day. Ends when it is dropped.
pub async fn retain_daily(journal: Journal, age: Duration) {
    loop {
        let pause = match journal.retain(age).await {
            Ok(done) => {
                if done.segments > 0 {
                    tracing::info!(
                        segments = done.segments,
                        entries = done.entries,
                        "old segments of the record were emptied"
                    );
                }
                DAY
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "old segments of the record cannot be emptied; trying again");
                SOON
            }
        };
        sleep(pause).await;
    }
}
