//! One transaction over a group of batches.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Instant,
};

use domain::{experiment::UnitKind, ids::TraceId};
use sqlx::{Connection as _, Row as _, SqliteConnection};
use store::{StoreError, event::Appended};

use super::{
    dictionary::Dictionary,
    exposure,
    home::Home,
    outcome,
    phase::Phase,
    prepare::{self, Prepared, PreparedScore},
    record, segment,
    statement::Statement,
    stored::Stored,
    trace::TraceWork,
    writes::{ScorePut, Writes},
};
use crate::error::from_sqlx;

/// What the writer knows by heart. Read from the file at open and after every failed transaction.
pub(super) struct Memory {
    pub(super) dictionary: Dictionary,
    pub(super) last_span: i64,
    pub(super) last_trace: i64,
    pub(super) last_score: i64,
    pub(super) last_outcome: i64,
    /// Projects with an experiment whose units are summed.
    pub(super) watched: HashSet<i64>,
    /// Spans up to here are in the totals.
    pub(super) watermark: i64,
    /// Whether something besides spans beyond the watermark waits to be folded.
    pub(super) waiting: bool,
}

impl Memory {
    pub(super) async fn read(connection: &mut SqliteConnection) -> Result<Self, StoreError> {
        // Each is one step to the end of a table. Where the newest spans were removed, numbers go on after the watermark: what
        // lies before it is never folded.
        let row = sqlx::query(
            "SELECT (SELECT max(coalesce(max(seq), 0), (SELECT span FROM watermark)) FROM span), (SELECT coalesce(max(id), 0) FROM trace), \
             (SELECT coalesce(max(seq), 0) FROM score), (SELECT span FROM watermark), (SELECT coalesce(max(seq), 0) FROM outcome)",
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(from_sqlx)?;
        let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
        let watched: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT project FROM trial WHERE kind IS NOT NULL")
            .fetch_all(connection)
            .await
            .map_err(from_sqlx)?;
        Ok(Self {
            dictionary: Dictionary::default(),
            last_span: get(0)?,
            last_trace: get(1)?,
            last_score: get(2)?,
            last_outcome: get(4)?,
            watched: watched.into_iter().collect(),
            watermark: get(3)?,
            // Finding out would cost as much as the first fold.
            waiting: true,
        })
    }
}

static FIND_TRACES: Statement = Statement::new(
    "SELECT id, trace_id, data, unit_group, segment FROM trace WHERE project = ? AND trace_id IN (",
    "?",
    ")",
);
static FIND_SPANS: Statement = Statement::new(
    // CROSS JOIN: the keys drive, each finds its row through the index.
    "WITH wanted (trace, span_id) AS (VALUES ",
    "(?,?)",
    ") SELECT span.trace, span.span_id, span.seq, span.start_ns, span.prompt, span.version, \
     span.segment, span.data \
     FROM wanted CROSS JOIN span ON span.trace = wanted.trace AND span.span_id = wanted.span_id",
);
static FIND_SCORES: Statement =
    Statement::new("SELECT id, seq, data, trace_id, session_id FROM score WHERE project = ? AND id IN (", "?", ")");
/// What a committed group leaves for the fold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Left {
    /// Something already folded has to be folded again.
    pub(super) again: bool,
}

/// Stores a group of batches in one transaction and says what became of each.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    batches: &[&Prepared],
) -> Result<(Vec<Appended>, Left), StoreError> {
    let began = Instant::now();
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let outcome = append_within(&mut transaction, memory, batches).await?;
    Phase::Write.ends(began);
    let began = Instant::now();
    transaction.commit().await.map_err(from_sqlx)?;
    Phase::Commit.ends(began);
    memory.waiting |= outcome.1.again;
    Ok(outcome)
}

/// When the newest event of each sort was received, microseconds.
#[derive(Default)]
struct Seen {
    span: Option<i64>,
    linked: Option<i64>,
    score: Option<i64>,
}

async fn append_within(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    batches: &[&Prepared],
) -> Result<(Vec<Appended>, Left), StoreError> {
    let mut answers = vec![Appended::default(); batches.len()];
    let mut projects = Vec::with_capacity(batches.len());
    for batch in batches {
        projects.push(memory.dictionary.project(connection, batch.project).await?);
    }
    let mut traces = find_traces(connection, memory, batches, &projects).await?;
    find_spans(connection, &mut traces).await?;
    let mut seen: BTreeMap<i64, Seen> = BTreeMap::new();
    // Projects whose spans came with segments of another attribute, and the first of those spans.
    let mut stale: BTreeMap<i64, i64> = BTreeMap::new();
    for ((batch, project), answer) in batches.iter().zip(&projects).zip(&mut answers) {
        let fresh = memory.dictionary.segmented_by(connection, *project).await? == batch.segmented_by.as_deref();
        for span in &batch.spans {
            let Some(trace) = traces.get_mut(*project, &span.trace_id) else { continue };
            let changed = if fresh {
                trace.offer(span, &mut memory.last_span, answer)
            } else {
                trace.offer(&segment::without_segment(span)?, &mut memory.last_span, answer)
            };
            if changed && !fresh {
                let first = trace.seq_of(span.span).unwrap_or(0);
                stale.entry(*project).and_modify(|seq| *seq = first.min(*seq)).or_insert(first);
            }
            if changed {
                let newest = &mut seen.entry(*project).or_default().span;
                *newest = (*newest).max(Some(batch.received_us));
            }
        }
    }
    let mut writes = Writes::default();
    for trace in &mut traces.list {
        trace.settle(connection, memory, &mut writes).await?;
    }
    for (project, linked) in &writes.linked {
        let newest = &mut seen.entry(*project).or_default().linked;
        *newest = (*newest).max(Some(*linked));
    }
    append_scores(connection, memory, batches, &projects, &mut answers, &mut writes, &mut seen).await?;
    outcome::append(connection, memory, batches, &projects, &mut answers, &mut writes).await?;
    exposure::append(connection, batches, &projects, &mut answers, &mut writes).await?;
    writes.dirty_units.retain(|(project, ..)| memory.watched.contains(project));
    for (project, first) in &stale {
        segment::look_again(connection, *project, first - 1, memory.last_span).await?;
    }
    let again = !stale.is_empty()
        || !writes.journal.is_empty()
        || !writes.dirty_scores.is_empty()
        || !writes.dirty_sessions.is_empty()
        || !writes.dirty_units.is_empty();
    writes.run(connection).await?;
    for (project, seen) in seen {
        // `max` of two arguments is NULL when either is; hence the coalescing both ways.
        sqlx::query(
            "UPDATE project SET last_span_us = max(coalesce(last_span_us, ?1), coalesce(?1, last_span_us)), \
             last_linked_us = max(coalesce(last_linked_us, ?2), coalesce(?2, last_linked_us)), \
             last_score_us = max(coalesce(last_score_us, ?3), coalesce(?3, last_score_us)) WHERE id = ?4",
        )
        .bind(seen.span)
        .bind(seen.linked)
        .bind(seen.score)
        .bind(project)
        .execute(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    }
    Ok((answers, Left { again }))
}

/// The traces a group touches.
struct Traces {
    list: Vec<TraceWork>,
    by_id: HashMap<(i64, [u8; 16]), usize>,
}

impl Traces {
    fn get_mut(&mut self, project: i64, trace_id: &[u8; 16]) -> Option<&mut TraceWork> {
        let at = *self.by_id.get(&(project, *trace_id))?;
        self.list.get_mut(at)
    }
}

async fn find_traces(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    batches: &[&Prepared],
    projects: &[i64],
) -> Result<Traces, StoreError> {
    // In order of arrival, because new traces are numbered in it.
    let mut traces = Traces { list: Vec::new(), by_id: HashMap::new() };
    for (batch, project) in batches.iter().zip(projects) {
        for span in &batch.spans {
            let at = *traces.by_id.entry((*project, span.trace_id)).or_insert_with(|| {
                traces.list.push(TraceWork::new(*project, span.trace_id));
                traces.list.len() - 1
            });
            if let Some(trace) = traces.list.get_mut(at) {
                trace.wanted.push(span.span);
            }
        }
    }
    let distinct: BTreeSet<i64> = projects.iter().copied().collect();
    for project in distinct {
        let keys: Vec<[u8; 16]> =
            traces.list.iter().filter(|trace| trace.project == project).map(|trace| trace.trace_id).collect();
        let found = FIND_TRACES
            .fetch(
                connection,
                keys,
                |binds| {
                    binds.add(project);
                },
                |binds, key| {
                    binds.add(&key[..]);
                },
            )
            .await?;
        for row in found {
            let trace_id: &[u8] = row.try_get(1).map_err(from_sqlx)?;
            let Ok(trace_id) = <[u8; 16]>::try_from(trace_id) else { continue };
            if let Some(trace) = traces.get_mut(project, &trace_id) {
                let data = row.try_get(2).map_err(from_sqlx)?;
                trace.known(row.try_get(0).map_err(from_sqlx)?, data, Home::read(&row, 3)?)?;
            }
        }
    }
    for trace in &mut traces.list {
        if !trace.is_known() {
            memory.last_trace += 1;
            trace.id = memory.last_trace;
        }
    }
    Ok(traces)
}

async fn find_spans(connection: &mut SqliteConnection, traces: &mut Traces) -> Result<(), StoreError> {
    let mut keys = Vec::new();
    let mut by_number = HashMap::new();
    for (at, trace) in traces.list.iter_mut().enumerate() {
        trace.wanted.sort_unstable();
        trace.wanted.dedup();
        if trace.is_known() {
            by_number.insert(trace.id, at);
            keys.extend(trace.wanted.iter().map(|span| (trace.id, *span)));
        }
        trace.wanted = Vec::new();
    }
    let found = FIND_SPANS
        .fetch(
            connection,
            keys,
            |_| {},
            |binds, (trace, span)| {
                binds.add(trace).add(record::span_column(span));
            },
        )
        .await?;
    for row in found {
        let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
        let Some(trace) = by_number.get(&get(0)?).and_then(|at| traces.list.get_mut(*at)) else { continue };
        let span = record::span_from_column(get(1)?);
        trace.stored(span, Stored::read(&row, 2)?)?;
    }
    Ok(())
}

/// A score as the group leaves it.
struct ScoreWork<'a> {
    seq: i64,
    first_received_us: i64,
    version: (i64, u64),
    /// What it was about as stored, as a note for the units of experiments.
    before: Option<(String, String)>,
    now: Option<&'a PreparedScore>,
}

/// Whose units a score may count for: those of its trace, or of its session.
pub(super) fn unit_of(trace: Option<[u8; 16]>, session: Option<&str>) -> Option<(String, String)> {
    let trace = trace.and_then(|id| TraceId::from_bytes(id).ok());
    match (trace, session) {
        (Some(trace), _) => Some((UnitKind::Trace.to_string(), trace.to_string())),
        (None, Some(session)) => Some((UnitKind::Session.to_string(), session.to_owned())),
        (None, None) => None,
    }
}

async fn append_scores(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    batches: &[&Prepared],
    projects: &[i64],
    answers: &mut [Appended],
    writes: &mut Writes,
    seen: &mut BTreeMap<i64, Seen>,
) -> Result<(), StoreError> {
    let mut works: HashMap<(i64, &str), ScoreWork<'_>> = HashMap::new();
    let distinct: BTreeSet<i64> = projects.iter().copied().collect();
    for project in distinct {
        let ids: BTreeSet<&str> = batches
            .iter()
            .zip(projects)
            .filter(|(_, of)| **of == project)
            .flat_map(|(batch, _)| batch.scores.iter().map(|score| score.id.as_str()))
            .collect();
        let found = FIND_SCORES
            .fetch(
                connection,
                ids.iter().copied().collect(),
                |binds| {
                    binds.add(project);
                },
                |binds, id: &str| {
                    binds.add(id);
                },
            )
            .await?;
        for row in found {
            let id: &str = row.try_get(0).map_err(from_sqlx)?;
            let seq = row.try_get(1).map_err(from_sqlx)?;
            let (first_received_us, version) = prepare::score_version(row.try_get(2).map_err(from_sqlx)?)?;
            let trace: Option<&[u8]> = row.try_get(3).map_err(from_sqlx)?;
            let trace = trace.and_then(|id| id.try_into().ok());
            let before = unit_of(trace, row.try_get(4).map_err(from_sqlx)?);
            if let Some(id) = ids.get(id) {
                works.insert((project, *id), ScoreWork { seq, first_received_us, version, before, now: None });
            }
        }
    }
    let mut order = Vec::new();
    for ((batch, project), answer) in batches.iter().zip(projects).zip(answers) {
        for score in &batch.scores {
            let key = (*project, score.id.as_str());
            let changed = match works.get_mut(&key) {
                None => {
                    memory.last_score += 1;
                    let work = ScoreWork {
                        seq: memory.last_score,
                        first_received_us: batch.received_us,
                        version: score.version,
                        before: None,
                        now: Some(score),
                    };
                    works.insert(key, work);
                    answer.new += 1;
                    order.push(key);
                    true
                }
                Some(work) if score.version > work.version => {
                    if work.now.is_none() {
                        order.push(key);
                    }
                    work.now = Some(score);
                    work.version = score.version;
                    answer.replaced += 1;
                    true
                }
                Some(_) => {
                    answer.unchanged += 1;
                    false
                }
            };
            if changed {
                let newest = &mut seen.entry(*project).or_default().score;
                *newest = (*newest).max(Some(batch.received_us));
            }
        }
    }
    for key in order {
        let Some(work) = works.get(&key) else { continue };
        let Some(score) = work.now else { continue };
        let mut data = score.data.clone();
        prepare::set_first_received(&mut data, work.first_received_us);
        writes.dirty_scores.push(work.seq);
        if let Some(before) = &work.before {
            writes.dirty_units.push((key.0, before.0.clone(), before.1.clone()));
        }
        writes
            .dirty_units
            .extend(unit_of(score.trace_id, score.session_id.as_deref()).map(|(kind, id)| (key.0, kind, id)));
        writes.scores.push(ScorePut {
            seq: work.seq,
            project: key.0,
            id: score.id.clone(),
            trace_id: score.trace_id,
            span: score.span,
            session_id: score.session_id.clone(),
            data,
        });
    }
    Ok(())
}
