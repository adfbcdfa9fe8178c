//! Taking units out of experiments: out of the blocks they are added up in, and away.

use std::collections::BTreeMap;

use domain::{ids::ExperimentId, time::TimeUs};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{StoreError, event::ErasePlace};
use uuid::Uuid;

use super::{
    erase::Taken,
    exposure,
    fold_block::Changes,
    statement::{Binds, Statement},
    trial::{self, Trial},
    unit,
};
use crate::error::from_sqlx;

static FIND: Statement =
    Statement::new("SELECT unit, revision, state FROM unit WHERE trial = ? AND unit IN (", "?", ")");
static DROP: Statement = Statement::any_of("DELETE FROM unit WHERE ", "(trial, unit) = (?,?)");

/// Takes the units that go out of every phase they are in.
pub(super) async fn named(connection: &mut SqliteConnection, taken: &mut Taken) -> Result<(), StoreError> {
    if taken.units.is_empty() {
        return Ok(());
    }
    let trials = trial::of_project(connection, taken.project).await?;
    let known: BTreeMap<i64, &Trial> = trials.iter().map(|trial| (trial.id, trial)).collect();
    let all: Vec<(i64, Vec<u8>)> = sqlx::query_as("SELECT id, experiment FROM trial WHERE project = ?")
        .bind(taken.project)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    for (id, experiment) in all {
        let trial = known.get(&id).copied();
        // Of a phase nobody has said of what it splits, an id is one of any kind.
        let of_kind = |kind: &str| trial.is_none_or(|trial| trial.kind.to_string() == kind);
        let ids: Vec<&str> = taken.units.iter().filter(|(kind, _)| of_kind(kind)).map(|(_, id)| id.as_str()).collect();
        let first = |binds: &mut Binds| {
            binds.add(id);
        };
        let bind = |binds: &mut Binds, unit: &str| {
            binds.add(unit);
        };
        let found = FIND.fetch(connection, ids, first, bind).await?;
        let count = drop_units(connection, (id, trial), &found, &mut taken.blocks).await?;
        let experiment = Uuid::from_slice(&experiment).map_err(StoreError::backend)?;
        taken.erased.leave(ExperimentId(experiment), count);
    }
    Ok(())
}

/// Drops units of a phase, given as `unit, revision, state`.
async fn drop_units(
    connection: &mut SqliteConnection,
    (id, trial): (i64, Option<&Trial>),
    rows: &[SqliteRow],
    blocks: &mut Changes,
) -> Result<u64, StoreError> {
    let mut gone = Vec::with_capacity(rows.len());
    for row in rows {
        let name: String = row.try_get(0).map_err(from_sqlx)?;
        let revision: i64 = row.try_get(1).map_err(from_sqlx)?;
        let state: Option<&[u8]> = row.try_get(2).map_err(from_sqlx)?;
        // What another revision came to is in no block.
        if let Some(trial) = trial.filter(|trial| trial.revision == revision)
            && let Some(state) = state
        {
            blocks.unit((id, &trial.readings), &name, Some(&unit::unpack(state)?), None);
        }
        gone.push((id, name));
    }
    if gone.is_empty() {
        return Ok(0);
    }
    let count = gone.len();
    DROP.run(connection, gone, |binds, (trial, unit)| {
        binds.add(trial).add(unit);
    })
    .await?;
    sqlx::query("UPDATE trial SET units = units - ?, version = version + 1 WHERE id = ?")
        .bind(count as i64)
        .bind(id)
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(count as u64)
}

/// Takes some units of a phase away that were exposed before an instant.
pub(super) async fn of_phase(
    connection: &mut SqliteConnection,
    taken: &mut Taken,
    (experiment, phase): (ExperimentId, u32),
    before: TimeUs,
    from: &ErasePlace,
    limit: i64,
) -> Result<(), StoreError> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM trial WHERE project = ? AND experiment = ? AND phase = ?")
        .bind(taken.project)
        .bind(experiment.0.as_bytes().as_slice())
        .bind(i64::from(phase))
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let Some(id) = id else { return Ok(()) };
    let rows = sqlx::query(
        "SELECT unit, revision, state, exposure FROM unit WHERE trial = ? AND unit > ? ORDER BY unit LIMIT ?",
    )
    .bind(id)
    .bind(&from.after)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    taken.erased.more = rows.len() as i64 >= limit;
    if let Some(last) = rows.last() {
        taken.erased.place = ErasePlace { sort: 0, after: last.try_get(0).map_err(from_sqlx)? };
    }
    let mut gone = Vec::new();
    for row in rows {
        let name: &str = row.try_get(0).map_err(from_sqlx)?;
        let exposed = exposure::unpack(row.try_get(3).map_err(from_sqlx)?, experiment, phase, name)?;
        if exposed.first_us < before {
            gone.push(row);
        }
    }
    let trials = trial::of_project(connection, taken.project).await?;
    let trial = trials.iter().find(|trial| trial.id == id);
    let count = drop_units(connection, (id, trial), &gone, &mut taken.blocks).await?;
    taken.erased.leave(experiment, count);
    Ok(())
}
