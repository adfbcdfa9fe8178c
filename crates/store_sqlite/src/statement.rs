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

/// A statement that names its rows one after another: `head row, row, … tail`, or with another word than the comma between.
pub(crate) struct Statement {
    head: Cow<'static, str>,
    row: Cow<'static, str>,
    between: &'static str,
    tail: Cow<'static, str>,
    texts: OnceLock<[Arc<str>; SIZES.len()]>,
    /// Whether its plan was looked at.
    #[cfg(debug_assertions)]
    planned: std::sync::atomic::AtomicBool,
}

/// What is bound to a statement.
pub(crate) struct Binds {
    arguments: SqliteArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Binds {
    pub(crate) fn new() -> Self {
        Self { arguments: SqliteArguments::default(), failed: None }
    }

    pub(crate) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
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
    pub(crate) const fn new(head: &'static str, row: &'static str, tail: &'static str) -> Self {
        Self::with(head, row, ",", tail)
    }

    /// Rows that any of the conditions finds. Each is looked up by itself: of `(a, b) IN (VALUES …)` SQLite makes a scan of the
    /// whole table when it is asked to delete.
    pub(crate) const fn any_of(head: &'static str, condition: &'static str) -> Self {
        Self::with(head, condition, " OR ", "")
    }

    /// One question many times, each with binds of its own.
    pub(crate) const fn each(question: &'static str) -> Self {
        Self::with("", question, " UNION ALL ", "")
    }

    const fn with(head: &'static str, row: &'static str, between: &'static str, tail: &'static str) -> Self {
        Self {
            head: Cow::Borrowed(head),
            row: Cow::Borrowed(row),
            between,
            tail: Cow::Borrowed(tail),
            texts: OnceLock::new(),
            #[cfg(debug_assertions)]
            planned: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// As [`Self::new`], from texts put together of constants.
    pub(crate) fn put_together(head: String, row: String, tail: String) -> Self {
        Self { head: Cow::Owned(head), row: Cow::Owned(row), tail: Cow::Owned(tail), ..Self::new("", "", "") }
    }

    /// As [`Self::any_of`], likewise.
    pub(crate) fn any_put_together(head: String, condition: String) -> Self {
        Self { head: Cow::Owned(head), row: Cow::Owned(condition), ..Self::any_of("", "") }
    }

    /// The statement's text for a number of rows; made of constants only.
    fn text(&self, size: usize) -> Arc<str> {
        let texts = self.texts.get_or_init(|| {
            SIZES.map(|rows| {
                let row = self.row.len() + self.between.len();
                let mut text = String::with_capacity(self.head.len() + rows * row + self.tail.len());
                text.push_str(&self.head);
                for number in 0..rows {
                    if number > 0 {
                        text.push_str(self.between);
                    }
                    text.push_str(&self.row);
                }
                text.push_str(&self.tail);
                Arc::from(text)
            })
        });
        texts.get(size).cloned().unwrap_or_else(|| Arc::from(self.head.as_ref()))
    }

    /// Makes sure that it finds its rows by keys. In debug builds, when it is first used: every test looks at the plans of what it
    /// runs.
    #[cfg(debug_assertions)]
    async fn look_at_plan(&self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        use sqlx::Row as _;

        const A_FEW: usize = 2;
        if self.planned.swap(true, std::sync::atomic::Ordering::Relaxed) {
            return Ok(());
        }
        let text = self.text(A_FEW);
        let steps = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")))
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
        for step in &steps {
            let step: &str = step.try_get(3).map_err(from_sqlx)?;
            let Some(scanned) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { continue };
            // What is given with the statement is read from end to end; it has a name of its own or none.
            let table: Option<i64> =
                sqlx::query_scalar("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
                    .bind(scanned)
                    .fetch_optional(&mut *connection)
                    .await
                    .map_err(from_sqlx)?;
            if table.is_some() {
                return Err(StoreError::backend(format!("`{text}` reads a whole table: {step}")));
            }
        }
        Ok(())
    }

    fn pieces(mut count: usize) -> impl Iterator<Item = (usize, usize)> {
        std::iter::from_fn(move || {
            let (index, rows) = SIZES.iter().copied().enumerate().find(|(_, rows)| *rows <= count)?;
            count -= rows;
            Some((index, rows))
        })
    }

    /// Runs it over all rows.
    pub(crate) async fn run<T>(
        &self,
        connection: &mut SqliteConnection,
        rows: Vec<T>,
        mut bind: impl FnMut(&mut Binds, T),
    ) -> Result<(), StoreError> {
        #[cfg(debug_assertions)]
        self.look_at_plan(connection).await?;
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
    pub(crate) async fn fetch<T>(
        &self,
        connection: &mut SqliteConnection,
        keys: Vec<T>,
        mut first: impl FnMut(&mut Binds),
        mut bind: impl FnMut(&mut Binds, T),
    ) -> Result<Vec<SqliteRow>, StoreError> {
        #[cfg(debug_assertions)]
        self.look_at_plan(connection).await?;
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
