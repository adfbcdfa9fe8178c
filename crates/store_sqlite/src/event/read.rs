//! Reading events back.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock},
};

use domain::{
    ids::{ProjectId, SpanId, TraceId},
    money::NanoUsd,
    time::{TimeNs, TimeUs},
    trace::{PromptLink, SpanMessage},
};
use sqlx::{Row as _, SqlitePool, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{Activity, ResolvedLink, ScoreRecord, SpanPayload, SpanRecord, TraceRecord},
};

use super::{
    dictionary::WordKind,
    payload, prepare,
    record::{self, span_column, span_from_column, span_number},
    statement::Statement,
    summary::Summary,
};
use crate::error::from_sqlx;

/// Names held in memory by readers.
const HELD: usize = 100_000;
/// Most scores read for one trace, and for its session.
const SCORES: i64 = 1000;
/// Prompt versions shown of one trace.
const LINKS: usize = 8;

const FIRST_SPANS: &str =
    "SELECT span_id, start_ns, prompt, version, data FROM span WHERE trace = ? ORDER BY start_ns, span_id LIMIT ?";
const NEXT_SPANS: &str = "SELECT span_id, start_ns, prompt, version, data FROM span WHERE trace = ? \
     AND (start_ns, span_id) > (?, ?) ORDER BY start_ns, span_id LIMIT ?";
const SCORES_OF_TRACE: &str = "SELECT data FROM score WHERE project = ? AND trace_id = ? AND removed = 0 LIMIT ?";
const SCORES_OF_SESSION: &str = "SELECT data FROM score WHERE project = ?1 AND session_id = \
     (SELECT session_id FROM trace WHERE project = ?1 AND trace_id = ?2) AND removed = 0 LIMIT ?3";
const TRACE: &str = "SELECT trace_id, data FROM trace WHERE project = ? AND trace_id = ?";
const TRACE_NUMBER: &str = "SELECT trace.id FROM trace JOIN project ON project.id = trace.project \
     WHERE project.uuid = ? AND trace.trace_id = ?";

static FIND_PAYLOADS: Statement = Statement::new(
    "SELECT span.span_id, payload.data FROM span JOIN payload ON payload.seq = span.seq \
     WHERE span.trace = ? AND span.span_id IN (",
    "?",
    ")",
);
static FIND_WORDS: Statement = Statement::new("SELECT id, text FROM word WHERE id IN (", "?", ")");

/// The side that reads.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) pool: SqlitePool,
    names: RwLock<HashMap<i64, Arc<str>>>,
}

impl Reader {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, names: RwLock::default() }
    }

    pub(super) async fn project(&self, project: ProjectId) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar("SELECT id FROM project WHERE uuid = ?")
            .bind(project.0.as_bytes().to_vec())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    pub(super) async fn word(&self, project: i64, kind: WordKind, text: &str) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar("SELECT id FROM word WHERE project = ? AND kind = ? AND text = ?")
            .bind(project)
            .bind(kind as i64)
            .bind(text)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// What numbers of words stand for.
    pub(super) async fn names(&self, wanted: &BTreeSet<i64>) -> Result<HashMap<i64, Arc<str>>, StoreError> {
        let mut found = HashMap::with_capacity(wanted.len());
        let mut missing = Vec::new();
        {
            let held = self.names.read().unwrap_or_else(PoisonError::into_inner);
            for number in wanted {
                match held.get(number) {
                    Some(name) => {
                        found.insert(*number, Arc::clone(name));
                    }
                    None => missing.push(*number),
                }
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let rows = FIND_WORDS
            .fetch(
                &mut connection,
                missing,
                |_| {},
                |binds, number| {
                    binds.add(number);
                },
            )
            .await?;
        let mut held = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if held.len() + rows.len() > HELD {
            held.clear();
        }
        for row in rows {
            let number: i64 = row.try_get(0).map_err(from_sqlx)?;
            let name: Arc<str> = Arc::from(row.try_get::<&str, _>(1).map_err(from_sqlx)?);
            held.insert(number, Arc::clone(&name));
            found.insert(number, name);
        }
        Ok(found)
    }

    async fn trace_number(&self, project: ProjectId, trace: TraceId) -> Result<Option<i64>, StoreError> {
        sqlx::query_scalar(TRACE_NUMBER)
            .bind(project.0.as_bytes().to_vec())
            .bind(&trace.as_bytes()[..])
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)
    }

    /// Makes records of rows that begin with `trace_id, data`.
    pub(super) async fn records(&self, rows: &[SqliteRow]) -> Result<Vec<TraceRecord>, StoreError> {
        let mut summaries = Vec::with_capacity(rows.len());
        let mut wanted = BTreeSet::new();
        for row in rows {
            let summary = Summary::unpack(row.try_get(1).map_err(from_sqlx)?)?;
            wanted.extend(summary.links.keys().map(|(prompt, _)| *prompt));
            summaries.push((trace_id(row.try_get(0).map_err(from_sqlx)?)?, summary));
        }
        let names = self.names(&wanted).await?;
        Ok(summaries.into_iter().map(|(trace_id, summary)| trace_record(trace_id, &summary, &names)).collect())
    }

    pub(super) async fn trace(&self, project: ProjectId, trace: TraceId) -> Result<Option<TraceRecord>, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(None) };
        let rows = sqlx::query(TRACE)
            .bind(project)
            .bind(&trace.as_bytes()[..])
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(self.records(&rows).await?.pop())
    }

    pub(super) async fn spans(
        &self,
        project: ProjectId,
        trace: TraceId,
        after: Option<(i64, SpanId)>,
        limit: u32,
    ) -> Result<Vec<SpanRecord>, StoreError> {
        let Some(number) = self.trace_number(project, trace).await? else { return Ok(Vec::new()) };
        let rows = match after {
            None => sqlx::query(FIRST_SPANS).bind(number),
            Some((start_ns, span)) => {
                sqlx::query(NEXT_SPANS).bind(number).bind(start_ns).bind(span_column(span_number(span)))
            }
        }
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(from_sqlx)?;
        let mut wanted = BTreeSet::new();
        for row in &rows {
            wanted.extend(row.try_get::<Option<i64>, _>(2).map_err(from_sqlx)?);
        }
        let names = self.names(&wanted).await?;
        rows.iter().map(|row| span_record(row, trace, &names)).collect()
    }

    pub(super) async fn payloads(
        &self,
        project: ProjectId,
        trace: TraceId,
        spans: &[SpanId],
    ) -> Result<Vec<(SpanId, SpanPayload)>, StoreError> {
        let Some(number) = self.trace_number(project, trace).await? else { return Ok(Vec::new()) };
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let rows = FIND_PAYLOADS
            .fetch(
                &mut connection,
                spans.iter().take(200).map(|span| span_column(span_number(*span))).collect(),
                |binds| {
                    binds.add(number);
                },
                |binds, span| {
                    binds.add(span);
                },
            )
            .await?;
        drop(connection);
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            let span = record::span_id(span_from_column(row.try_get(0).map_err(from_sqlx)?))?;
            let json = payload::unpack(row.try_get(1).map_err(from_sqlx)?)?;
            let payload: SpanPayload = serde_json::from_slice(&json)
                .map_err(|error| StoreError::Corrupt(format!("the payload of span `{span}`: {error}")))?;
            found.insert(span, payload);
        }
        let mut messages: HashMap<SpanId, Vec<SpanMessage>> = HashMap::new();
        for message in self.messages(project, trace, spans.get(..200).unwrap_or(spans)).await? {
            messages.entry(message.span_id).or_default().push(message);
        }
        let payload_of = |span: &SpanId| {
            let said = messages.get(span).cloned().unwrap_or_default();
            Some((*span, found.get(span)?.clone().with_messages(said)))
        };
        Ok(spans.iter().filter_map(payload_of).collect())
    }

    pub(super) async fn scores(&self, project: ProjectId, trace: TraceId) -> Result<Vec<ScoreRecord>, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(Vec::new()) };
        let mut rows = sqlx::query(SCORES_OF_TRACE)
            .bind(project)
            .bind(&trace.as_bytes()[..])
            .bind(SCORES)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        rows.extend(
            sqlx::query(SCORES_OF_SESSION)
                .bind(project)
                .bind(&trace.as_bytes()[..])
                .bind(SCORES)
                .fetch_all(&self.pool)
                .await
                .map_err(from_sqlx)?,
        );
        let mut scores = Vec::with_capacity(rows.len());
        for row in &rows {
            scores.push(prepare::unpack_score(row.try_get(0).map_err(from_sqlx)?)?.0);
        }
        scores.sort_by(|a, b| (a.score.at_us, a.score.id.as_str()).cmp(&(b.score.at_us, b.score.id.as_str())));
        scores.truncate(usize::try_from(SCORES).unwrap_or(usize::MAX));
        Ok(scores)
    }

    pub(super) async fn activity(&self, project: ProjectId) -> Result<Activity, StoreError> {
        let row = sqlx::query("SELECT last_span_us, last_linked_us, last_score_us FROM project WHERE uuid = ?")
            .bind(project.0.as_bytes().to_vec())
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let Some(row) = row else { return Ok(Activity::default()) };
        let get = |column: usize| row.try_get::<Option<i64>, _>(column).map(|at| at.map(TimeUs)).map_err(from_sqlx);
        Ok(Activity { last_span_us: get(0)?, last_linked_us: get(1)?, last_score_us: get(2)? })
    }
}

pub(super) fn trace_id(bytes: &[u8]) -> Result<TraceId, StoreError> {
    TraceId::from_slice(bytes).map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))
}

pub(super) fn trace_record(trace_id: TraceId, summary: &Summary, names: &HashMap<i64, Arc<str>>) -> TraceRecord {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let mut links: Vec<PromptLink> = summary
        .links
        .keys()
        .filter_map(|(prompt, version)| {
            let name = names.get(prompt).filter(|name| !name.is_empty())?;
            Some(PromptLink { name: name.as_ref().to_owned(), version: *version })
        })
        .collect();
    links.sort();
    links.truncate(LINKS);
    TraceRecord {
        trace_id,
        name: summary.name().to_owned(),
        user_id: owned(summary.user_id()),
        session_id: owned(summary.session_id()),
        environment: summary.environment().to_owned(),
        release: owned(summary.release()),
        version: owned(summary.version()),
        tags: summary.tags(),
        public: summary.public(),
        start_ns: TimeNs(summary.start_ns),
        end_ns: TimeNs(summary.end_ns),
        spans: small(summary.spans),
        generations: small(summary.generations),
        errors: small(summary.errors),
        input_tokens: u64::try_from(summary.input_tokens).unwrap_or(u64::MAX),
        output_tokens: u64::try_from(summary.output_tokens).unwrap_or(u64::MAX),
        cost: summary.cost().map(NanoUsd),
        links,
    }
}

pub(super) fn span_record(
    row: &SqliteRow,
    trace: TraceId,
    names: &HashMap<i64, Arc<str>>,
) -> Result<SpanRecord, StoreError> {
    let span = span_from_column(row.try_get(0).map_err(from_sqlx)?);
    let start_ns: i64 = row.try_get(1).map_err(from_sqlx)?;
    let prompt: Option<i64> = row.try_get(2).map_err(from_sqlx)?;
    let version: Option<i64> = row.try_get(3).map_err(from_sqlx)?;
    let narrow = record::unpack(row.try_get(4).map_err(from_sqlx)?, span, start_ns)?;
    let name = prompt.and_then(|prompt| names.get(&prompt)).filter(|name| !name.is_empty());
    let link = match (name, version.map(u32::try_from)) {
        (Some(name), Some(Ok(version))) => Some(ResolvedLink {
            link: PromptLink { name: name.as_ref().to_owned(), version },
            inherited: narrow.own_link().is_none(),
        }),
        _ => None,
    };
    Ok(SpanRecord { row: narrow.to_row(trace)?, link, received_us: TimeUs(narrow.received_us) })
}

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 7] = [
    FIRST_SPANS,
    NEXT_SPANS,
    SCORES_OF_TRACE,
    SCORES_OF_SESSION,
    TRACE,
    TRACE_NUMBER,
    "SELECT span.span_id, payload.data FROM span JOIN payload ON payload.seq = span.seq \
     WHERE span.trace = ? AND span.span_id IN (?, ?)",
];
