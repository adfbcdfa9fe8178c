//! What a trace says about where its generations count: the group of its unit, and its segment.

use std::collections::HashSet;

use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use store::StoreError;

use super::{
    append::Memory,
    cell::{Contribution, Placed},
    fold::words,
    record,
    summary::Summary,
    writes::Writes,
};
use crate::error::from_sqlx;

/// As it is kept with the trace.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Home {
    /// Hashed group of the unit, 0 to 255.
    pub(super) group: u8,
    /// Number of the segment; 0 for none.
    pub(super) segment: i64,
}

impl Home {
    /// Reads `unit_group, segment` of a trace, beginning at a column.
    pub(super) fn read(row: &SqliteRow, column: usize) -> Result<Self, StoreError> {
        let group: i64 = row.try_get(column).map_err(from_sqlx)?;
        Ok(Self {
            group: u8::try_from(group).map_err(StoreError::backend)?,
            segment: row.try_get(column + 1).map_err(from_sqlx)?,
        })
    }

    /// What a summary says.
    pub(super) async fn of(
        connection: &mut SqliteConnection,
        memory: &mut Memory,
        project: i64,
        summary: &Summary,
    ) -> Result<Self, StoreError> {
        let segment = memory.dictionary.segment(connection, project, summary.segment()).await?;
        Ok(Self { group: summary.unit_group(), segment })
    }

    /// The segment of a generation that names `own`, or none.
    pub(super) fn segment_of(self, own: i64) -> i64 {
        if own == 0 { self.segment } else { own }
    }
}

/// Notes what the folded generations of a trace contributed from its old home, because it has a new one. Those in `noted` are
/// seen to by the caller.
pub(super) async fn moved(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    (project, trace): (i64, i64),
    (old, new): (Home, Home),
    noted: &HashSet<i64>,
    writes: &mut Writes,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT seq, start_ns, prompt, version, segment, data, span_id FROM span \
         WHERE trace = ? AND prompt IS NOT NULL AND seq <= ?",
    )
    .bind(trace)
    .bind(memory.watermark)
    .fetch_all(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    for row in &rows {
        let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
        let (seq, start_ns, own) = (get(0)?, get(1)?, get(4)?);
        if noted.contains(&seq) || (old.group == new.group && own != 0) {
            continue;
        }
        let version: u32 = row.try_get(3).map_err(from_sqlx)?;
        let span = record::span_from_column(get(6)?);
        let narrow = record::unpack(row.try_get(5).map_err(from_sqlx)?, span, start_ns)?;
        let (model, environment) = words(connection, &mut memory.dictionary, project, &narrow).await?;
        let placed =
            Placed { link: (get(2)?, version), model, environment, segment: old.segment_of(own), group: old.group };
        writes.journal.push((seq, Contribution::of(&narrow, project, placed).pack()));
    }
    Ok(())
}
