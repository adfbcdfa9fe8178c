//! Units that were exposed, folded: worked out afresh from their own rows whenever one of those changed.
//!
//! Nothing is added to or taken from a state, so it can depend on nothing but the rows: a late score, an earlier exposure, a
//! changed cost all lead to the same bytes. Writers only note who is affected ([`super::writes`]): a trace, a session, a unit.
//! Here it is found out whose that is, and each unit that was exposed is looked at ([`super::unit_sums`]), many of them with one
//! statement: what takes time is asking, not reading.

use std::collections::{BTreeMap, BTreeSet};

use domain::{experiment::UnitKind, ids::TraceId};
use sqlx::{Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{ExposureRecord, Standing},
};

use super::{
    append::Memory,
    fold_block::Changes,
    statement::{Binds, Statement},
    trial::{self, Trial},
    unit,
    unit_sums::work_out,
    writes,
};
use crate::error::from_sqlx;

/// Notes taken in one step.
const NOTES: i64 = 2_000;
/// Traces of one session that its scores and events count for: the earliest ones.
const TRACES: i64 = 1_000;

static OF_TRACES: Statement = Statement::new(
    "WITH wanted (project, trace_id) AS (VALUES ",
    "(?,?)",
    ") SELECT trace.user_id, trace.session_id FROM wanted CROSS JOIN trace ON trace.project = wanted.project \
     AND trace.trace_id = wanted.trace_id",
);
static UNITS: Statement = Statement::new(
    "WITH wanted (trial, unit) AS (VALUES ",
    "(?,?)",
    ") SELECT unit.unit, unit.exposure, unit.revision, unit.state, unit.multiple FROM wanted CROSS JOIN unit \
     ON unit.trial = wanted.trial AND unit.unit = wanted.unit",
);
static PUT_STATES: Statement = Statement::new(
    "WITH wanted (trial, unit, revision, state) AS (VALUES ",
    "(?,?,?,?)",
    ") UPDATE unit SET revision = wanted.revision, state = wanted.state FROM wanted \
     WHERE unit.trial = wanted.trial AND unit.unit = wanted.unit",
);

/// Works out some of the units noted. Says whether more are.
///
/// Notes are taken in the order they were made, so each has its turn however many come after it. A unit noted again before its
/// turn keeps its place and is looked at once: a user whose traces come all the time is, about once for each time all notes
/// were gone through.
pub(super) async fn step(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    if memory.watched.is_empty() {
        return Ok(false);
    }
    let notes: Vec<(i64, i64, String, String)> =
        sqlx::query_as("SELECT position, project, kind, unit FROM dirty_unit ORDER BY position LIMIT ?")
            .bind(NOTES)
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    let Some(last) = notes.last().map(|(position, ..)| *position) else { return Ok(false) };
    let more = (notes.len() as i64) == NOTES;
    let mut by_project: BTreeMap<i64, Units> = BTreeMap::new();
    for (_, project, kind, unit) in notes {
        by_project.entry(project).or_default().entry(kind).or_default().insert(unit);
    }
    sqlx::query("DELETE FROM dirty_unit WHERE position <= ?")
        .bind(last)
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let mut changes = Changes::default();
    let mut later = Vec::new();
    for (project, mut units) in by_project {
        let trials = trial::of_project(connection, project).await?;
        for (kind, unit) in affected(connection, project, &units).await? {
            if !trials.iter().any(|trial| trial.kind.to_string() == kind) {
                continue;
            }
            // A session is looked at now: noted, it would note the traces that noted it.
            if kind == UnitKind::Session.to_string() {
                units.entry(kind).or_default().insert(unit);
            } else if units.get(&kind).is_none_or(|taken| !taken.contains(&unit)) {
                later.push((project, kind, unit));
            }
        }
        for trial in &trials {
            let Some(units) = units.get(&trial.kind.to_string()) else { continue };
            if derive(connection, project, trial, units, &mut changes).await? {
                sqlx::query("UPDATE trial SET version = version + 1 WHERE id = ?")
                    .bind(trial.id)
                    .execute(&mut *connection)
                    .await
                    .map_err(from_sqlx)?;
            }
        }
    }
    changes.write(connection).await?;
    let more = more || !later.is_empty();
    writes::note_units(connection, later).await?;
    Ok(more)
}

/// Units by kind.
type Units = BTreeMap<String, BTreeSet<String>>;

/// Whose numbers the notes may change beside the units noted: through a trace or session its session and users.
async fn affected(
    connection: &mut SqliteConnection,
    project: i64,
    noted: &Units,
) -> Result<BTreeSet<(String, String)>, StoreError> {
    let (user, session, trace) =
        (UnitKind::User.to_string(), UnitKind::Session.to_string(), UnitKind::Trace.to_string());
    let of_kind = |kind: &String| noted.get(kind).into_iter().flatten();
    let mut units = BTreeSet::new();
    let traces = of_kind(&trace).filter_map(|unit| unit.parse::<TraceId>().ok()).collect();
    let bind = |binds: &mut Binds, id: TraceId| {
        binds.add(project).add(id.as_bytes().to_vec());
    };
    for row in OF_TRACES.fetch(connection, traces, |_| {}, bind).await? {
        for (column, kind) in [&user, &session].into_iter().enumerate() {
            let id: Option<String> = row.try_get(column).map_err(from_sqlx)?;
            units.extend(id.map(|id| (kind.clone(), id)));
        }
    }
    for noted in of_kind(&session) {
        let found: Vec<(Vec<u8>, Option<String>)> = sqlx::query_as(
            "SELECT trace_id, user_id FROM trace INDEXED BY trace_session WHERE project = ? AND session_id = ? \
             ORDER BY start_ns, trace_id LIMIT ?",
        )
        .bind(project)
        .bind(noted)
        .bind(TRACES)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        for (id, of_user) in found {
            units.extend(TraceId::from_slice(&id).ok().map(|id| (trace.clone(), id.to_string())));
            units.extend(of_user.map(|id| (user.clone(), id)));
        }
    }
    Ok(units)
}

/// A unit as the file has it.
struct Stored {
    unit: String,
    first_us: i64,
    standing: Standing,
    /// What it came to, unless that was another revision, which is in no block.
    state: Option<Vec<u8>>,
}

impl Stored {
    fn read(row: &sqlx::sqlite::SqliteRow, trial: &Trial) -> Result<Self, StoreError> {
        let unit: String = row.try_get(0).map_err(from_sqlx)?;
        let exposure = row.try_get(1).map_err(from_sqlx)?;
        let exposure = super::exposure::unpack(exposure, trial.experiment, trial.phase, &unit)?;
        let first_us = exposure.first_us.0;
        let standing = Standing::of(&ExposureRecord { exposure, multiple: row.try_get(4).map_err(from_sqlx)? });
        let revision: i64 = row.try_get(2).map_err(from_sqlx)?;
        let state: Option<Vec<u8>> = row.try_get(3).map_err(from_sqlx)?;
        Ok(Self { unit, first_us, standing, state: state.filter(|_| revision == trial.revision) })
    }
}

/// Works units out, those that were exposed. Says whether the state of one is another now.
async fn derive(
    connection: &mut SqliteConnection,
    project: i64,
    trial: &Trial,
    units: &BTreeSet<String>,
    changes: &mut Changes,
) -> Result<bool, StoreError> {
    let bind = |binds: &mut Binds, unit: &String| {
        binds.add(trial.id).add(unit.clone());
    };
    let rows = UNITS.fetch(connection, units.iter().collect(), |_| {}, bind).await?;
    let stored = rows.iter().map(|row| Stored::read(row, trial)).collect::<Result<Vec<_>, _>>()?;
    let exposed: Vec<(&str, i64)> = stored.iter().map(|one| (one.unit.as_str(), one.first_us)).collect();
    let tallies = work_out(connection, project, trial, &exposed).await?;
    let mut put = Vec::new();
    for (one, tally) in stored.iter().zip(tallies) {
        let state = tally.pack(&one.standing);
        if one.state.as_ref() == Some(&state) {
            continue;
        }
        let before = one.state.as_deref().map(unit::unpack).transpose()?;
        let now = unit::unpack(&state)?;
        changes.unit((trial.id, &trial.readings), &one.unit, before.as_ref(), Some(&now));
        put.push((one.unit.clone(), state));
    }
    let changed = !put.is_empty();
    PUT_STATES
        .run(connection, put, |binds, (unit, state)| {
            binds.add(trial.id).add(unit).add(trial.revision).add(state);
        })
        .await?;
    Ok(changed)
}
