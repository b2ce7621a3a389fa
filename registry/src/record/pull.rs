//! Brings control acts from the registry, where their change was made, to the chain.
//!
//! Invariant: every act is on the chain once. The chain itself says up to where it has them, so it does not matter how
//! often, and when, this is begun.

use super::run::Order;
use crate::acts::Acts;
use crate::error::chain;
use std::time::Duration;
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

/// The most acts that are read at once.
const GROUP: u32 = 256;
/// How often it is looked for acts though nobody told of one: an act can be kept whose commit was reported as failed.
const LOOK: Duration = Duration::from_secs(30);
/// How soon it is tried again when the database refuses, and how much later each further time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often the log is told.
const REMIND: Duration = Duration::from_secs(10);

/// The way of the acts.
pub(super) struct Puller {
    acts: Acts,
    chain: Sender<Order>,
    through: u64,
}

impl Puller {
    pub(super) fn new(acts: Acts, chain: Sender<Order>, through: u64) -> Self {
        Self { acts, chain, through }
    }

    /// Bring acts, now and whenever there are more. Ends when the chain does.
    pub(super) async fn run(&mut self) {
        let mut pause = FIRST_PAUSE;
        let mut told: Option<Instant> = None;
        loop {
            // Taken before looking, so that an act of this very moment is not missed.
            let acts = self.acts.clone();
            let more = acts.more();
            match self.try_pull().await {
                Ok(true) => {
                    (pause, told) = (FIRST_PAUSE, None);
                    // Either way it is looked again.
                    let _ = timeout(LOOK, more).await;
                }
                Ok(false) => return,
                Err(error) => {
                    if told.is_none_or(|told| told.elapsed() >= REMIND) {
                        tracing::error!(
                            error = chain(&error),
                            "cannot bring the control acts to the record; trying again"
                        );
                        told = Some(Instant::now());
                    }
                    sleep(pause).await;
                    pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
                }
            }
        }
    }

    /// Bring what there is now.
    pub(super) async fn pull(&mut self) {
        if let Err(error) = self.try_pull().await {
            tracing::warn!(error = chain(&error), "the last control acts are put on the chain at the next start");
        }
    }

    /// Whether the chain still takes any.
    async fn try_pull(&mut self) -> Result<bool, crate::error::RegistryError> {
        loop {
            let acts = self.acts.after(self.through, GROUP).await?;
            if acts.is_empty() {
                return Ok(true);
            }
            let (done, answer) = oneshot::channel();
            if self.chain.send(Order::Acts(acts, done)).await.is_err() {
                return Ok(false);
            }
            match answer.await {
                Ok(through) if through > self.through => self.through = through,
                // An act that the chain cannot take would be asked for without end.
                Ok(_) => return Ok(true),
                Err(_) => return Ok(false),
            }
        }
    }
}
