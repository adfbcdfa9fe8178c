//! A span as the writer finds it in the file.

use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use store::StoreError;

use super::{
    append::Memory,
    cell::{Contribution, Placed},
    fold::words,
    home::Home,
    record::{self, Narrow},
    summary::LinkKey,
};
use crate::error::from_sqlx;

/// A span as it stands in the file.
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) start_ns: i64,
    pub(super) link: Option<LinkKey>,
    /// The segment it named when it was stored; 0 for none.
    pub(super) segment: i64,
    pub(super) data: Vec<u8>,
}

impl Stored {
    /// Reads `seq, start_ns, prompt, version, segment, data` from a row, beginning at a column.
    pub(super) fn read(row: &SqliteRow, column: usize) -> Result<Self, StoreError> {
        let prompt: Option<i64> = row.try_get(column + 2).map_err(from_sqlx)?;
        let version: Option<i64> = row.try_get(column + 3).map_err(from_sqlx)?;
        let version = version.map(u32::try_from).transpose().map_err(StoreError::backend)?;
        Ok(Self {
            seq: row.try_get(column).map_err(from_sqlx)?,
            start_ns: row.try_get(column + 1).map_err(from_sqlx)?,
            link: prompt.zip(version),
            segment: row.try_get(column + 4).map_err(from_sqlx)?,
            data: row.try_get(column + 5).map_err(from_sqlx)?,
        })
    }

    pub(super) fn narrow(&self, span: u64) -> Result<Narrow<'_>, StoreError> {
        record::unpack(&self.data, span, self.start_ns)
    }

    /// What it contributes from a home, as journal entries say it.
    pub(super) async fn contributed(
        &self,
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        project: i64,
        home: Home,
        span: u64,
    ) -> Result<Vec<u8>, StoreError> {
        let Some(link) = self.link else { return Ok(Vec::new()) };
        let narrow = self.narrow(span)?;
        let (model, environment) = words(connection, &mut memory.dictionary, project, &narrow).await?;
        let placed = Placed { link, model, environment, segment: home.segment_of(self.segment), group: home.group };
        Ok(Contribution::of(&narrow, project, placed).pack())
    }
}
