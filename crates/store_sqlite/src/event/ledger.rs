//! Rows of totals under keys of numbers: some are read together, changed, and written back together.

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

/// Rows read, changed and written together: a statement's worth. A step may touch thousands, and each holds all its bins.
const AT_ONCE: usize = 256;

/// Some rows of one table.
pub(super) struct Ledger<T, const N: usize> {
    book: &'static Book<N>,
    held: BTreeMap<[i64; N], Row<T>>,
}

#[derive(Default)]
struct Row<T> {
    totals: T,
    /// Whether it has to be written.
    changed: bool,
}

fn bind<const N: usize>(binds: &mut Binds, key: [i64; N]) {
    for part in key {
        binds.add(part);
    }
}

impl<T: Totals, const N: usize> Ledger<T, N> {
    /// Reads rows; those that are not there are empty.
    pub(super) async fn load(
        book: &'static Book<N>,
        connection: &mut SqliteConnection,
        wanted: BTreeSet<[i64; N]>,
    ) -> Result<Self, StoreError> {
        let mut held: BTreeMap<[i64; N], Row<T>> = wanted.iter().map(|key| (*key, Row::default())).collect();
        let rows = book.find.fetch(connection, wanted.into_iter().collect(), |_| {}, bind).await?;
        for row in &rows {
            let mut key = [0; N];
            for (column, part) in key.iter_mut().enumerate() {
                *part = row.try_get(column).map_err(from_sqlx)?;
            }
            let totals = T::unpack(row.try_get(N).map_err(from_sqlx)?)?;
            held.insert(key, Row { totals, changed: false });
        }
        Ok(Self { book, held })
    }

    /// Makes changes: each names a row and what becomes of it, those of one row in the order given. Memory does not grow with how
    /// many there are.
    pub(super) async fn change<C>(
        book: &'static Book<N>,
        connection: &mut SqliteConnection,
        mut changes: Vec<([i64; N], C)>,
        mut make: impl FnMut(&mut T, &C) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        changes.sort_by_key(|(key, _)| *key);
        let by_row: Vec<&[([i64; N], C)]> = changes.chunk_by(|(one, _), (other, _)| one == other).collect();
        for some in by_row.chunks(AT_ONCE) {
            let wanted = some.iter().filter_map(|row| row.first()).map(|(key, _)| *key).collect();
            let mut ledger = Self::load(book, connection, wanted).await?;
            for (key, change) in some.iter().copied().flatten() {
                if let Some(totals) = ledger.get_mut(key) {
                    make(totals, change)?;
                }
            }
            ledger.write(connection).await?;
        }
        Ok(())
    }

    /// A row that was loaded.
    pub(super) fn get(&self, key: &[i64; N]) -> Option<&T> {
        self.held.get(key).map(|row| &row.totals)
    }

    /// A row that was loaded, to be changed.
    pub(super) fn get_mut(&mut self, key: &[i64; N]) -> Option<&mut T> {
        self.held.get_mut(key).map(|row| {
            row.changed = true;
            &mut row.totals
        })
    }

    /// Writes the rows that were changed, and removes those that are empty now.
    pub(super) async fn write(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let changed = self.held.into_iter().filter(|(_, row)| row.changed).map(|(key, row)| (key, row.totals));
        let (empty, full): (Vec<_>, Vec<_>) = changed.partition(|(_, totals)| totals.is_empty());
        let put = |binds: &mut Binds, (key, totals): ([i64; N], T)| {
            bind(binds, key);
            binds.add(totals.pack());
        };
        self.book.put.run(connection, full, put).await?;
        self.book.drop.run(connection, empty, |binds, (key, _)| bind(binds, key)).await
    }
}
