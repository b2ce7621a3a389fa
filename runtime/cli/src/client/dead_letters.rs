//! Dead letters, as this program's commands ask for them.

use super::AdminClient;
use nhip_manage::wire::{DeadLetterChoice, DeadLetterDetails, DeadLetterList, DeadLetterQuery, Discarded, Retried};
use reqwest::Method;
use serde::de::DeserializeOwned;

impl AdminClient {
    /// The dead letters, those that died last first.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn dead_letters(&self, query: &DeadLetterQuery) -> anyhow::Result<DeadLetterList> {
        self.ask(self.request(Method::GET, &["dead-letters"])?.query(query)).await
    }

    /// One, with its story.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn dead_letter(&self, id: &str) -> anyhow::Result<DeadLetterDetails> {
        self.ask(self.request(Method::GET, &["dead-letters", id])?).await
    }

    /// Have some tried again.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn retry_dead_letters(&self, choice: &DeadLetterChoice) -> anyhow::Result<Retried> {
        self.work_on_dead_letters("retry", choice).await
    }

    /// Give some up.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn discard_dead_letters(&self, choice: &DeadLetterChoice) -> anyhow::Result<Discarded> {
        self.work_on_dead_letters("discard", choice).await
    }

    async fn work_on_dead_letters<T: DeserializeOwned>(
        &self,
        doing: &str,
        choice: &DeadLetterChoice,
    ) -> anyhow::Result<T> {
        // Without a bound in time: there may be a hundred thousand, and they are worked on in groups.
        let answer = self.send(self.request(Method::POST, &["dead-letters", doing])?.json(choice)).await?;
        self.read(answer).await
    }
}
