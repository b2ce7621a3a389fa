//! The record, as this program's commands ask for it.

use super::AdminClient;
use crate::failure::Failure;
use bytes::Bytes;
use nhip_manage::wire::{AuditKey, EntryList, EntryQuery, ExportQuery, GatewayList, Retain, Retained};
use nhip_registry::record::Checkpoint;
use reqwest::{Method, Response};
use std::time::Duration;

impl AdminClient {
    /// The key that the record is verified with.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn audit_key(&self) -> anyhow::Result<AuditKey> {
        self.ask(self.request(Method::GET, &["audit", "key"])?).await
    }

    /// Seal the record, and say how far it has come.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn checkpoint(&self) -> anyhow::Result<Checkpoint> {
        let answer = self.send(self.request(Method::POST, &["audit", "checkpoint"])?.timeout(super::PATIENCE)).await?;
        let text = answer.text().await.map_err(|error| self.unreachable(&error))?;
        text.trim_end().parse().map_err(|error| Failure::new("the gateway gave no checkpoint").because(error).into())
    }

    /// A part of the record: gives the answer, whose body is still to come.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn export(&self, query: &ExportQuery) -> anyhow::Result<Response> {
        // Without a bound in time: a record has any size, and the connection tells when the gateway is gone.
        self.send(self.request(Method::GET, &["audit", "export"])?.query(query)).await
    }

    /// What is on record, newest first.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn entries(&self, query: &EntryQuery) -> anyhow::Result<EntryList> {
        self.ask(self.request(Method::GET, &["audit", "entries"])?.query(query)).await
    }

    /// Everything on record of one exchange, oldest first.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn exchange_entries(&self, id: &str) -> anyhow::Result<EntryList> {
        self.ask(self.request(Method::GET, &["audit", "exchanges", id])?).await
    }

    /// Whose records are in the database.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn audit_gateways(&self) -> anyhow::Result<GatewayList> {
        self.ask(self.request(Method::GET, &["audit", "gateways"])?).await
    }

    /// A sealed segment of a gateway's record, from the database.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn archived_segment(&self, gateway: &str, segment: u64) -> anyhow::Result<Bytes> {
        let number = segment.to_string();
        let path = ["audit", "gateways", gateway, "segments", &number];
        let answer = self.send(self.request(Method::GET, &path)?.timeout(super::PATIENCE)).await?;
        answer.bytes().await.map_err(|error| self.unreachable(&error))
    }

    /// Empty old segments.
    ///
    /// # Errors
    /// See [`AdminClient::adapters`].
    pub async fn retain(&self, older_than: Duration) -> anyhow::Result<Retained> {
        let older_than_ms = u64::try_from(older_than.as_millis()).unwrap_or(u64::MAX);
        let request = self.request(Method::POST, &["audit", "retention"])?.json(&Retain { older_than_ms });
        // Without a bound in time: every old segment is read through before it is emptied.
        let answer = self.send(request).await?;
        self.read(answer).await
    }
}
