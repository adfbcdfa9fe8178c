//! Folding scores: where each counts, taken out of where it counted before.
//!
//! A score counts where the generations it is about count: an observation's where that generation does; a trace's or
//! session's once for each prompt version linked in it, by the earliest generation of that version, or, when none is linked,
//! once for the unlinked. A score about no generation (yet) counts nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    score::{ScoreTarget, ScoreValue},
    time::TimeNs,
};
use sqlx::{Row as _, SqliteConnection};
use store::{StoreError, event::ScoreTotals};

use super::{
    append::Memory,
    cell::{self, CellKey, ScoreKey, ScoreValueAt},
    dictionary::WordKind,
    fold::words,
    prepare, record,
    statement::Statement,
    summary::{LinkKey, LinkUse, Summary},
};
use crate::error::from_sqlx;

/// Scores folded in one step.
const SCORES: i64 = 2_000;
/// Sessions whose scores are marked in one step.
const SESSIONS: i64 = 500;
/// Traces of a session that its scores count by: the earliest ones.
const TRACES: i64 = 1_000;

static FIND_SESSIONS: Statement =
    Statement::new("SELECT DISTINCT session_id FROM trace WHERE session_id IS NOT NULL AND id IN (", "?", ")");
static MARK_TRACES: Statement = Statement::new(
    "INSERT OR IGNORE INTO dirty_score (seq) SELECT score.seq FROM trace CROSS JOIN score \
     ON score.project = trace.project AND score.trace_id = trace.trace_id WHERE trace.id IN (",
    "?",
    ")",
);
static MARK_SESSIONS: Statement =
    Statement::new("INSERT OR IGNORE INTO dirty_session (project, session_id) VALUES ", "(?,?)", "");
static PUT_CELLS: Statement = Statement::new(
    "INSERT OR REPLACE INTO cell_score (project, prompt, hour, version, model, environment, segment, arm, name, level, \
     data) VALUES ",
    "(?,?,?,?,?,?,0,0,?,?,?)",
    "",
);
static DROP_CELLS: Statement = Statement::new(
    "DELETE FROM cell_score WHERE (project, prompt, hour, version, model, environment, segment, arm, name, level) \
     IN (VALUES ",
    "(?,?,?,?,?,?,0,0,?,?)",
    ")",
);
static PUT_FOLDED: Statement = Statement::new("INSERT OR REPLACE INTO score_fold (seq, data) VALUES ", "(?,?)", "");
static DROP_FOLDED: Statement = Statement::new("DELETE FROM score_fold WHERE seq IN (", "?", ")");
static DROP_DIRTY: Statement = Statement::new("DELETE FROM dirty_score WHERE seq IN (", "?", ")");

/// Marks the scores of traces whose generations changed, and the sessions of those traces.
pub(super) async fn mark(connection: &mut SqliteConnection, touched: BTreeSet<(i64, i64)>) -> Result<(), StoreError> {
    let mut by_project: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (project, trace) in touched {
        by_project.entry(project).or_default().push(trace);
    }
    for (project, traces) in by_project {
        // Each is one step into an index; projects without scores pay nothing more.
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM score WHERE project = ?1 AND trace_id IS NOT NULL), \
             EXISTS (SELECT 1 FROM score WHERE project = ?1 AND session_id IS NOT NULL)",
        )
        .bind(project)
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        if row.try_get(1).map_err(from_sqlx)? {
            let found = FIND_SESSIONS
                .fetch(
                    connection,
                    traces.clone(),
                    |_| {},
                    |binds, trace| {
                        binds.add(trace);
                    },
                )
                .await?;
            let mut sessions = BTreeSet::new();
            for row in found {
                sessions.insert(row.try_get::<String, _>(0).map_err(from_sqlx)?);
            }
            MARK_SESSIONS
                .run(connection, sessions.into_iter().collect(), |binds, session| {
                    binds.add(project).add(session);
                })
                .await?;
        }
        if row.try_get(0).map_err(from_sqlx)? {
            MARK_TRACES
                .run(connection, traces, |binds, trace| {
                    binds.add(trace);
                })
                .await?;
        }
    }
    Ok(())
}

/// Marks the scores of sessions that changed. Says whether all are marked.
async fn mark_sessions(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let rows = sqlx::query("SELECT project, session_id FROM dirty_session LIMIT ?")
        .bind(SESSIONS)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    for row in &rows {
        let project: i64 = row.try_get(0).map_err(from_sqlx)?;
        let session: &str = row.try_get(1).map_err(from_sqlx)?;
        sqlx::query(
            "INSERT OR IGNORE INTO dirty_score (seq) SELECT seq FROM score WHERE project = ? AND session_id = ?",
        )
        .bind(project)
        .bind(session)
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        sqlx::query("DELETE FROM dirty_session WHERE project = ? AND session_id = ?")
            .bind(project)
            .bind(session)
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    }
    Ok((rows.len() as i64) < SESSIONS)
}

/// The number of a score in units of 1e-9.
fn fixed(value: &ScoreValue) -> Option<i64> {
    // Within ±9e9, so the product fits; see `ScoreValue::LIMIT`.
    value.number().map(|number| (number * 1e9).round_ties_even() as i64)
}

/// Where the generations of a target count.
type Places = Vec<(LinkKey, LinkUse)>;

/// Project, level, trace or session, and span: scores of one target are worked out together.
type TargetKey = (i64, i64, String, u64);

fn target_key(project: i64, target: &ScoreTarget) -> TargetKey {
    match target {
        ScoreTarget::Observation { trace, span } => (project, 0, trace.to_string(), record::span_number(*span)),
        ScoreTarget::Trace { trace } => (project, 1, trace.to_string(), 0),
        ScoreTarget::Session { session } => (project, 2, session.clone(), 0),
    }
}

/// Folds scores that are new or changed, or whose target changed. Says whether more wait.
pub(super) async fn fold(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    let all_marked = mark_sessions(connection).await?;
    let rows = sqlx::query(
        "SELECT dirty_score.seq, score.project, score.data, score_fold.data FROM dirty_score \
         CROSS JOIN score ON score.seq = dirty_score.seq LEFT JOIN score_fold ON score_fold.seq = dirty_score.seq \
         ORDER BY dirty_score.seq LIMIT ?",
    )
    .bind(SCORES)
    .fetch_all(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let more = !all_marked || (rows.len() as i64) == SCORES;
    let mut cells: BTreeMap<ScoreKey, ScoreTotals> = BTreeMap::new();
    let mut places: HashMap<TargetKey, Places> = HashMap::new();
    let (mut put, mut dropped, mut clean) = (Vec::new(), Vec::new(), Vec::with_capacity(rows.len()));
    for row in &rows {
        let seq: i64 = row.try_get(0).map_err(from_sqlx)?;
        let project: i64 = row.try_get(1).map_err(from_sqlx)?;
        let (score, bin) = prepare::unpack_score(row.try_get(2).map_err(from_sqlx)?)?;
        let score = score.score;
        clean.push(seq);
        let folded: Option<Vec<u8>> = row.try_get(3).map_err(from_sqlx)?;
        let mut now: Option<(ScoreValueAt, Vec<ScoreKey>)> = None;
        if let Some(value) = fixed(&score.value) {
            let target = target_key(project, &score.target);
            if !places.contains_key(&target) {
                let found = places_of(connection, memory, project, &score.target).await?;
                places.insert(target.clone(), found);
            }
            let name = memory.dictionary.word(connection, project, WordKind::ScoreName, score.name.as_str()).await?;
            let level = target.1;
            let keys: Vec<_> = places
                .get(&target)
                .into_iter()
                .flatten()
                .map(|(link, one)| ScoreKey { cell: cell_of(project, *link, one), name, level })
                .collect();
            if !keys.is_empty() {
                now = Some((ScoreValueAt { value, bin }, keys));
            }
        }
        let before = folded.as_deref().map(cell::unpack_folded).transpose()?;
        if before == now {
            continue;
        }
        for (counted, sign) in [(before.as_ref(), -1), (now.as_ref(), 1)] {
            let Some((value, keys)) = counted else { continue };
            for key in keys {
                load(connection, &mut cells, *key).await?;
                if let Some(totals) = cells.get_mut(key) {
                    cell::count_score(totals, *value, sign);
                }
            }
        }
        match now {
            Some((value, keys)) => put.push((seq, cell::pack_folded(value, &keys))),
            None => dropped.push(seq),
        }
    }
    PUT_FOLDED
        .run(connection, put, |binds, (seq, data)| {
            binds.add(seq).add(data);
        })
        .await?;
    for (statement, numbers) in [(&DROP_FOLDED, dropped), (&DROP_DIRTY, clean)] {
        statement
            .run(connection, numbers, |binds, seq| {
                binds.add(seq);
            })
            .await?;
    }
    write(connection, cells).await?;
    Ok(more)
}

fn cell_of(project: i64, (prompt, version): LinkKey, one: &LinkUse) -> CellKey {
    CellKey {
        project,
        prompt,
        hour: TimeNs(one.start_ns).hour(),
        version: i64::from(version),
        model: one.model,
        environment: one.environment,
    }
}

async fn load(
    connection: &mut SqliteConnection,
    cells: &mut BTreeMap<ScoreKey, ScoreTotals>,
    key: ScoreKey,
) -> Result<(), StoreError> {
    if cells.contains_key(&key) {
        return Ok(());
    }
    let data: Option<Vec<u8>> = sqlx::query_scalar(
        "SELECT data FROM cell_score WHERE project = ? AND prompt = ? AND hour = ? AND version = ? AND model = ? \
         AND environment = ? AND segment = 0 AND arm = 0 AND name = ? AND level = ?",
    )
    .bind(key.cell.project)
    .bind(key.cell.prompt)
    .bind(key.cell.hour)
    .bind(key.cell.version)
    .bind(key.cell.model)
    .bind(key.cell.environment)
    .bind(key.name)
    .bind(key.level)
    .fetch_optional(connection)
    .await
    .map_err(from_sqlx)?;
    let totals = data.map_or_else(|| Ok(ScoreTotals::default()), |data| cell::unpack_score_totals(&data))?;
    cells.insert(key, totals);
    Ok(())
}

async fn write(connection: &mut SqliteConnection, cells: BTreeMap<ScoreKey, ScoreTotals>) -> Result<(), StoreError> {
    let (empty, full): (Vec<_>, Vec<_>) = cells.into_iter().partition(|(_, totals)| totals.n == 0);
    let bind_key = |binds: &mut super::statement::Binds, key: ScoreKey| {
        let cell = key.cell;
        binds.add(cell.project).add(cell.prompt).add(cell.hour).add(cell.version).add(cell.model).add(cell.environment);
        binds.add(key.name).add(key.level);
    };
    PUT_CELLS
        .run(connection, full, |binds, (key, totals)| {
            bind_key(binds, key);
            binds.add(cell::pack_score_totals(&totals));
        })
        .await?;
    DROP_CELLS.run(connection, empty, |binds, (key, _)| bind_key(binds, key)).await
}

async fn places_of(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: i64,
    target: &ScoreTarget,
) -> Result<Places, StoreError> {
    let rows = match target {
        ScoreTarget::Observation { trace, span } => {
            return place_of_observation(connection, memory, project, trace.as_bytes(), record::span_number(*span))
                .await;
        }
        ScoreTarget::Trace { trace } => sqlx::query("SELECT data FROM trace WHERE project = ? AND trace_id = ?")
            .bind(project)
            .bind(&trace.as_bytes()[..])
            .fetch_all(&mut *connection)
            .await
            .map_err(from_sqlx)?,
        ScoreTarget::Session { session } => sqlx::query(
            "SELECT data FROM trace INDEXED BY trace_session WHERE project = ? AND session_id = ? \
             ORDER BY start_ns, trace_id LIMIT ?",
        )
        .bind(project)
        .bind(session)
        .bind(TRACES)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?,
    };
    let unlinked = (memory.dictionary.word(connection, project, WordKind::Prompt, "").await?, 0);
    let mut earliest: BTreeMap<LinkKey, LinkUse> = BTreeMap::new();
    for row in rows {
        for (link, one) in Summary::unpack(row.try_get(0).map_err(from_sqlx)?)?.links {
            let held = earliest.entry(link).or_insert(one);
            if (one.start_ns, one.span) < (held.start_ns, held.span) {
                *held = one;
            }
        }
    }
    if earliest.len() > 1 {
        earliest.remove(&unlinked);
    }
    Ok(earliest.into_iter().collect())
}

async fn place_of_observation(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: i64,
    trace_id: &[u8; 16],
    span: u64,
) -> Result<Places, StoreError> {
    let row = sqlx::query(
        "SELECT span.start_ns, span.prompt, span.version, span.data FROM trace \
         CROSS JOIN span ON span.trace = trace.id AND span.span_id = ?3 \
         WHERE trace.project = ?1 AND trace.trace_id = ?2 AND span.prompt IS NOT NULL",
    )
    .bind(project)
    .bind(&trace_id[..])
    .bind(record::span_column(span))
    .fetch_optional(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let start_ns: i64 = row.try_get(0).map_err(from_sqlx)?;
    let version: u32 = row.try_get(2).map_err(from_sqlx)?;
    let narrow = record::unpack(row.try_get(3).map_err(from_sqlx)?, span, start_ns)?;
    let (model, environment) = words(connection, &mut memory.dictionary, project, &narrow).await?;
    let link = (row.try_get(1).map_err(from_sqlx)?, version);
    Ok(vec![(link, LinkUse { count: 1, start_ns, span, model, environment })])
}
