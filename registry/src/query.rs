//! Statements that are put together: a text that grows, with its values beside it.
//!
//! Invariant: values never get into the text. The driver's own builder writes `?` where both databases understand
//! `$1`, hence this one.

use crate::store::Db;
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::encode::Encode;
use sqlx::query::{Query, QueryAs};
use sqlx::{Arguments, AssertSqlSafe, FromRow, Type};

/// A statement under construction.
#[derive(Default)]
pub(crate) struct Statement {
    text: String,
    values: AnyArguments,
    failure: Option<sqlx::error::BoxDynError>,
}

impl Statement {
    /// Begin with this text.
    pub(crate) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Append text of this program's own.
    pub(crate) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Append a value.
    pub(crate) fn bind<'v, T: Encode<'v, Db> + Type<Db>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.values.add(value) {
            self.failure.get_or_insert(error);
        }
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// The statement, to be executed. It is not worth a place among the prepared ones: the next has another text.
    pub(crate) fn build(self) -> Result<Query<'static, Db, AnyArguments>, sqlx::Error> {
        self.checked().map(|(text, values)| sqlx::query_with(AssertSqlSafe(text), values).persistent(false))
    }

    /// The statement, to be read from.
    pub(crate) fn build_as<R>(self) -> Result<QueryAs<'static, Db, R, AnyArguments>, sqlx::Error>
    where
        R: for<'r> FromRow<'r, AnyRow>,
    {
        self.checked().map(|(text, values)| sqlx::query_as_with(AssertSqlSafe(text), values).persistent(false))
    }

    fn checked(self) -> Result<(String, AnyArguments), sqlx::Error> {
        match self.failure {
            None => Ok((self.text, self.values)),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}
