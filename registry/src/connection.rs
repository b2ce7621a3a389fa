//! A connection during one transaction, and how long it may stay silent.
//!
//! Invariants: no statement waits for ever: where the database is behind a network, an answer that does not come in
//! time is an error, and the connection is not used again. A transaction that is dropped before its commit never was.

use crate::store::Db;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt, try_unfold};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Describe, Either, Execute, Executor, SqlStr};
use std::future::Future;
use std::io::ErrorKind;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// A connection inside a transaction. A reference to it executes statements.
#[derive(Debug)]
pub(crate) struct Connection {
    inner: sqlx::Transaction<'static, Db>,
    patience: Option<Duration>,
    gateway: Arc<str>,
}

impl Connection {
    /// The gateway whose transaction this is.
    pub(crate) fn gateway(&self) -> &str {
        &self.gateway
    }
}

/// A transaction: a reading, or a change that is kept by [`Transaction::commit`].
#[derive(Debug)]
pub(crate) struct Transaction {
    connection: Connection,
    announced: Option<u64>,
    changes: Arc<watch::Sender<u64>>,
}

impl Transaction {
    pub(crate) fn new(
        inner: sqlx::Transaction<'static, Db>,
        patience: Option<Duration>,
        gateway: Arc<str>,
        changes: Arc<watch::Sender<u64>>,
    ) -> Self {
        Self { connection: Connection { inner, patience, gateway }, announced: None, changes }
    }

    /// Let everybody who follows the changes of control know of this one, once it is kept.
    pub(crate) async fn announce(&mut self) -> Result<(), sqlx::Error> {
        let number: i64 =
            sqlx::query_scalar("UPDATE changes SET number = number + 1 WHERE topic = 'control' RETURNING number")
                .fetch_one(&mut self.connection)
                .await?;
        self.announced = Some(crate::store::from_db(number));
        Ok(())
    }

    /// Keep the change. An error of the connection itself leaves open whether it is kept.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        within(self.connection.patience, self.connection.inner.commit()).await?;
        if let Some(number) = self.announced {
            self.changes.send_replace(number);
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Db;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Db>,
    {
        let patience = self.patience;
        let answers = (*self.inner).fetch_many(query);
        try_unfold(answers, move |mut answers| async move {
            let next = within(patience, answers.try_next()).await?;
            Ok(next.map(|next| (next, answers)))
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Db>,
    {
        let patience = self.patience;
        Box::pin(within(patience, (*self.inner).fetch_optional(query)))
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [AnyTypeInfo]) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        let patience = self.patience;
        Box::pin(within(patience, (*self.inner).prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Db>>>
    where
        'c: 'e,
    {
        let patience = self.patience;
        Box::pin(within(patience, (*self.inner).describe(sql)))
    }
}

/// Wait for an answer, but no longer than this.
pub(crate) async fn within<T>(
    patience: Option<Duration>,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    let Some(patience) = patience else {
        return answer.await;
    };
    let silent = || sqlx::Error::Io(std::io::Error::new(ErrorKind::TimedOut, "the database does not answer"));
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| Err(silent()))
}
