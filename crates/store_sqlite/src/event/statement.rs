//! Statements over many rows, in a few fixed sizes so that each is prepared once and found again.

use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

use sqlx::{
    AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};
use store::StoreError;

use crate::error::from_sqlx;

/// Rows a statement; a list is cut into the largest pieces first. Well under SQLite's 32,766 binds.
const SIZES: [usize; 4] = [256, 32, 4, 1];

/// A statement that names its rows one after another: `head (row), (row), … tail`.
pub(super) struct Statement {
    head: Cow<'static, str>,
    row: Cow<'static, str>,
    tail: Cow<'static, str>,
    texts: OnceLock<[Arc<str>; SIZES.len()]>,
}

/// What is bound to a statement.
pub(super) struct Binds {
    arguments: SqliteArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Binds {
    pub(super) fn new() -> Self {
        Self { arguments: SqliteArguments::default(), failed: None }
    }

    pub(super) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = sqlx::Arguments::add(&mut self.arguments, value) {
            self.failed = Some(error);
        }
        self
    }

    fn finish(self) -> Result<SqliteArguments, StoreError> {
        match self.failed {
            None => Ok(self.arguments),
            Some(error) => Err(StoreError::Backend(error)),
        }
    }
}

impl Statement {
    pub(super) const fn new(head: &'static str, row: &'static str, tail: &'static str) -> Self {
        Self { head: Cow::Borrowed(head), row: Cow::Borrowed(row), tail: Cow::Borrowed(tail), texts: OnceLock::new() }
    }

    /// The same from texts put together of constants.
    pub(super) fn put_together(head: String, row: String, tail: String) -> Self {
        Self { head: Cow::Owned(head), row: Cow::Owned(row), tail: Cow::Owned(tail), texts: OnceLock::new() }
    }

    /// The statement's text for a number of rows; made of constants only.
    fn text(&self, size: usize) -> Arc<str> {
        let texts = self.texts.get_or_init(|| {
            SIZES.map(|rows| {
                let mut text = String::with_capacity(self.head.len() + rows * (self.row.len() + 1) + self.tail.len());
                text.push_str(&self.head);
                for number in 0..rows {
                    if number > 0 {
                        text.push(',');
                    }
                    text.push_str(&self.row);
                }
                text.push_str(&self.tail);
                Arc::from(text)
            })
        });
        texts.get(size).cloned().unwrap_or_else(|| Arc::from(self.head.as_ref()))
    }

    fn pieces(mut count: usize) -> impl Iterator<Item = (usize, usize)> {
        std::iter::from_fn(move || {
            let (index, rows) = SIZES.iter().copied().enumerate().find(|(_, rows)| *rows <= count)?;
            count -= rows;
            Some((index, rows))
        })
    }

    /// Runs it over all rows.
    pub(super) async fn run<T>(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<T>,
        mut bind: impl FnMut(&mut Binds, T),
    ) -> Result<(), StoreError> {
        let pieces = Self::pieces(rows.len());
        let mut rows = rows.into_iter();
        for (index, size) in pieces {
            let mut binds = Binds::new();
            for row in rows.by_ref().take(size) {
                bind(&mut binds, row);
            }
            sqlx::query_with(AssertSqlSafe(self.text(index)), binds.finish()?)
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        }
        Ok(())
    }

    /// Runs it as a question over all keys, `first` bound before each piece of them.
    pub(super) async fn fetch<T>(
        &self,
        connection: &mut SqliteConnection,
        keys: Vec<T>,
        mut first: impl FnMut(&mut Binds),
        mut bind: impl FnMut(&mut Binds, T),
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let pieces = Self::pieces(keys.len());
        let mut keys = keys.into_iter();
        let mut found = Vec::new();
        for (index, size) in pieces {
            let mut binds = Binds::new();
            first(&mut binds);
            for key in keys.by_ref().take(size) {
                bind(&mut binds, key);
            }
            found.extend(
                sqlx::query_with(AssertSqlSafe(self.text(index)), binds.finish()?)
                    .fetch_all(&mut *connection)
                    .await
                    .map_err(from_sqlx)?,
            );
        }
        Ok(found)
    }
}
