//! Rows of totals under keys of numbers: read together, changed, written back together.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{Row as _, SqliteConnection};
use store::StoreError;

use super::statement::{Binds, Statement};
use crate::error::from_sqlx;

/// What one row holds.
pub(super) trait Totals: Default {
    /// Whether nothing is left in it: such a row is removed.
    fn is_empty(&self) -> bool;
    fn pack(&self) -> Vec<u8>;
    fn unpack(bytes: &[u8]) -> Result<Self, StoreError>;
}

/// The statements of one table of totals whose rows have a key of so many columns.
pub(super) struct Book<const N: usize> {
    /// Gives the key's columns and `data` of the rows that exist.
    find: Statement,
    /// Takes the key's columns and `data`.
    put: Statement,
    /// Takes the key's columns.
    drop: Statement,
}

impl<const N: usize> Book<N> {
    /// Of a table with this primary key.
    pub(super) fn new(table: &'static str, key: [&'static str; N]) -> Self {
        let columns = key.join(", ");
        let row = |columns: usize| format!("({})", vec!["?"; columns].join(","));
        let same = key.map(|column| format!("cell.{column} = wanted.{column}")).join(" AND ");
        Self {
            // CROSS JOIN: the keys drive, each finds its row.
            find: Statement::put_together(
                format!("WITH wanted ({columns}) AS (VALUES "),
                row(N),
                format!(") SELECT wanted.*, cell.data FROM wanted CROSS JOIN {table} AS cell ON {same}"),
            ),
            put: Statement::put_together(
                format!("INSERT OR REPLACE INTO {table} ({columns}, data) VALUES "),
                row(N + 1),
                String::new(),
            ),
            drop: Statement::any_put_together(
                format!("DELETE FROM {table} WHERE "),
                format!("({columns}) = {}", row(N)),
            ),
        }
    }
}

/// The rows of one table that a step touches.
pub(super) struct Ledger<T, const N: usize> {
    book: &'static Book<N>,
    held: BTreeMap<[i64; N], T>,
}

fn bind<const N: usize>(binds: &mut Binds, key: [i64; N]) {
    for part in key {
        binds.add(part);
    }
}

impl<T: Totals, const N: usize> Ledger<T, N> {
    pub(super) fn new(book: &'static Book<N>) -> Self {
        Self { book, held: BTreeMap::new() }
    }

    /// Reads the rows that are not held yet.
    pub(super) async fn load(
        &mut self,
        connection: &mut SqliteConnection,
        mut wanted: BTreeSet<[i64; N]>,
    ) -> Result<(), StoreError> {
        wanted.retain(|key| !self.held.contains_key(key));
        let keys: Vec<[i64; N]> = wanted.iter().copied().collect();
        let rows = self.book.find.fetch(connection, keys, |_| {}, bind).await?;
        for row in &rows {
            let mut key = [0; N];
            for (column, part) in key.iter_mut().enumerate() {
                *part = row.try_get(column).map_err(from_sqlx)?;
            }
            self.held.insert(key, T::unpack(row.try_get(N).map_err(from_sqlx)?)?);
        }
        for key in wanted {
            self.held.entry(key).or_default();
        }
        Ok(())
    }

    /// A row that was loaded.
    pub(super) fn get_mut(&mut self, key: &[i64; N]) -> Option<&mut T> {
        self.held.get_mut(key)
    }

    /// Writes all rows held, and removes those that are empty now.
    pub(super) async fn write(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let (empty, full): (Vec<_>, Vec<_>) = self.held.into_iter().partition(|(_, totals)| totals.is_empty());
        let put = |binds: &mut Binds, (key, totals): ([i64; N], T)| {
            bind(binds, key);
            binds.add(totals.pack());
        };
        self.book.put.run(connection, full, put).await?;
        self.book.drop.run(connection, empty, |binds, (key, _)| bind(binds, key)).await
    }
}
