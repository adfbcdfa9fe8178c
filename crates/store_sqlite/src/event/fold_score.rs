//! Folding scores: where each counts, taken out of where it counted before.
//!
//! A score counts where the generations it is about count: an observation's where that generation does; a trace's or
//! session's once for each prompt version linked in it, by the earliest generation of that version, or, when none is linked,
//! once for the unlinked. A score about no generation (yet) counts nowhere.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    score::{Score, ScoreTarget, ScoreValue},
    time::TimeNs,
};
use sqlx::{Row as _, SqliteConnection};
use store::StoreError;

use super::{
    append::Memory,
    books::{SCORE_DAYS, SCORE_GROUPS, SCORE_HOURS},
    cell::CellKey,
    cell_score::{Counted, Folded, ScoreCell, ScorePlace},
    dictionary::WordKind,
    fold::words,
    group::{Grouped, spread_group},
    home::Home,
    ledger::Ledger,
    prepare, record,
    statement::{Binds, Statement},
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
static PUT_PLACES: Statement =
    Statement::new("INSERT OR IGNORE INTO score_place (prompt, version, start_ns, seq) VALUES ", "(?,?,?,?)", "");
static DROP_PLACES: Statement =
    Statement::any_of("DELETE FROM score_place WHERE ", "(prompt, version, start_ns, seq) = (?,?,?,?)");
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

/// Where the generations of a target count: all but the score's own words.
type Places = Vec<ScorePlace>;

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
    let mut changes: Vec<(i64, Option<Folded>, Option<Folded>)> = Vec::new();
    let mut places: HashMap<TargetKey, Places> = HashMap::new();
    let mut clean = Vec::with_capacity(rows.len());
    for row in &rows {
        let seq: i64 = row.try_get(0).map_err(from_sqlx)?;
        let project: i64 = row.try_get(1).map_err(from_sqlx)?;
        let (score, bin) = prepare::unpack_score(row.try_get(2).map_err(from_sqlx)?)?;
        let score = score.score;
        clean.push(seq);
        let before: Option<&[u8]> = row.try_get(3).map_err(from_sqlx)?;
        let before = before.map(Folded::unpack).transpose()?;
        let now = count(connection, memory, &mut places, project, &score, bin).await?;
        if before != now {
            changes.push((seq, before, now));
        }
    }
    apply(connection, changes).await?;
    DROP_DIRTY
        .run(connection, clean, |binds, seq| {
            binds.add(seq);
        })
        .await?;
    Ok(more)
}

fn bind_place(binds: &mut Binds, (prompt, version, start_ns, seq): (i64, i64, i64, i64)) {
    binds.add(prompt).add(version).add(start_ns).add(seq);
}

/// What a score contributes now, if anything.
async fn count(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    known: &mut HashMap<TargetKey, Places>,
    project: i64,
    score: &Score,
    bin: Option<i32>,
) -> Result<Option<Folded>, StoreError> {
    if matches!(score.value, ScoreValue::Text(_)) {
        return Ok(None);
    }
    let target = target_key(project, &score.target);
    let level = target.1;
    let found = if let Some(found) = known.get(&target) {
        found.clone()
    } else {
        let found = places_of(connection, memory, project, &score.target).await?;
        known.entry(target).or_insert(found).clone()
    };
    if found.is_empty() {
        return Ok(None);
    }
    let name = memory.dictionary.score_name(connection, project, score.name.as_str()).await?;
    let counted = match (&score.value, fixed(&score.value)) {
        (_, Some(value)) => Counted::Number { value, bin },
        (ScoreValue::Categorical(category), None) => {
            Counted::Category(memory.dictionary.category(connection, project, name, category).await?)
        }
        _ => return Ok(None),
    };
    let places = found.into_iter().map(|place| ScorePlace { name, level, ..place }).collect();
    Ok(Some(Folded { counted, places }))
}

/// Takes out what scores contributed, puts in what they contribute now.
pub(super) async fn apply(
    connection: &mut SqliteConnection,
    changes: Vec<(i64, Option<Folded>, Option<Folded>)>,
) -> Result<(), StoreError> {
    let (mut put, mut dropped, mut places, mut old_places) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut moves = Vec::new();
    for (seq, before, now) in &changes {
        for (folded, sign, listed) in [(before, -1, &mut old_places), (now, 1, &mut places)] {
            let Some(folded) = folded else { continue };
            for place in &folded.places {
                moves.push((place, folded.counted, sign));
                listed.push((place.cell.prompt, place.cell.version, place.start_ns, *seq));
            }
        }
        match now {
            Some(now) => put.push((*seq, now.pack())),
            None => dropped.push(*seq),
        }
    }
    let count = |cell: &mut ScoreCell, (counted, sign): &(Counted, i64)| {
        cell.count(*counted, *sign);
        Ok(())
    };
    let hours = moves.iter().map(|(place, counted, sign)| (place.of_hour(), (*counted, *sign))).collect();
    Ledger::<ScoreCell, 10>::change(&SCORE_HOURS, connection, hours, count).await?;
    let days = moves.iter().map(|(place, counted, sign)| (place.of_day(), (*counted, *sign))).collect();
    Ledger::<ScoreCell, 10>::change(&SCORE_DAYS, connection, days, count).await?;
    let groups =
        moves.iter().map(|(place, counted, sign)| (place.of_groups(), (place.group, *counted, *sign))).collect();
    Ledger::<Grouped<ScoreCell>, 8>::change(&SCORE_GROUPS, connection, groups, |groups, (group, counted, sign)| {
        groups.get_mut(spread_group(*group))?.count(*counted, *sign);
        Ok(())
    })
    .await?;
    DROP_PLACES.run(connection, old_places, bind_place).await?;
    PUT_PLACES.run(connection, places, bind_place).await?;
    PUT_FOLDED
        .run(connection, put, |binds, (seq, data)| {
            binds.add(seq).add(data);
        })
        .await?;
    DROP_FOLDED
        .run(connection, dropped, |binds, seq| {
            binds.add(seq);
        })
        .await
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
        ScoreTarget::Trace { trace } => {
            sqlx::query("SELECT data, id, unit_group, segment FROM trace WHERE project = ? AND trace_id = ?")
                .bind(project)
                .bind(&trace.as_bytes()[..])
                .fetch_all(&mut *connection)
                .await
                .map_err(from_sqlx)?
        }
        ScoreTarget::Session { session } => sqlx::query(
            "SELECT data, id, unit_group, segment FROM trace INDEXED BY trace_session WHERE project = ? AND session_id = ? \
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
    let mut earliest: BTreeMap<LinkKey, (LinkUse, i64, Home)> = BTreeMap::new();
    for row in rows {
        let (trace, home) = (row.try_get(1).map_err(from_sqlx)?, Home::read(&row, 2)?);
        for (link, one) in Summary::unpack(row.try_get(0).map_err(from_sqlx)?)?.links {
            let held = earliest.entry(link).or_insert((one, trace, home));
            if (one.start_ns, one.span) < (held.0.start_ns, held.0.span) {
                *held = (one, trace, home);
            }
        }
    }
    if earliest.len() > 1 {
        earliest.remove(&unlinked);
    }
    Ok(earliest.into_iter().map(|(link, (one, trace, home))| place(project, link, &one, trace, home)).collect())
}

async fn place_of_observation(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: i64,
    trace_id: &[u8; 16],
    span: u64,
) -> Result<Places, StoreError> {
    let row = sqlx::query(
        "SELECT span.start_ns, span.prompt, span.version, span.data, span.segment, trace.id, trace.unit_group, \
         trace.segment FROM trace CROSS JOIN span ON span.trace = trace.id AND span.span_id = ?3 \
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
    let segment: i64 = row.try_get(4).map_err(from_sqlx)?;
    let one = LinkUse { count: 1, start_ns, span, model, environment, segment };
    Ok(vec![place(project, link, &one, row.try_get(5).map_err(from_sqlx)?, Home::read(&row, 6)?)])
}

/// A place without the words of a score.
fn place(project: i64, (prompt, version): LinkKey, one: &LinkUse, trace: i64, home: Home) -> ScorePlace {
    let cell = CellKey {
        project,
        prompt,
        hour: TimeNs(one.start_ns).hour(),
        version: i64::from(version),
        model: one.model,
        environment: one.environment,
        segment: home.segment_of(one.segment),
    };
    ScorePlace { cell, start_ns: one.start_ns, group: home.group, trace, name: 0, level: 0 }
}
