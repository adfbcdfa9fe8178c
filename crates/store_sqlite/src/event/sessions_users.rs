//! Sessions and users: distinct ids of an index, and the traces behind them.
//!
//! As long as a project has few of them, the index is hopped through, id by id, and the list is exact. Beyond that the newest
//! traces are looked through: one whose session or user has no newer trace stands for it.

use async_trait::async_trait;
use domain::{ids::ProjectId, time::TimeNs};
use sqlx::{Row as _, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{Gather, GatherStore, Gathered, GatheredList, GatheredSlice, GatheredTotals, TraceKey, TraceRecord},
};

use super::{
    SqliteEvents,
    read::{Reader, trace_id},
};
use crate::error::from_sqlx;

/// Ids that are hopped through; with more of them the newest traces are looked through instead.
const HOPS: usize = 1_000;
/// Newest traces looked through for one question.
const LOOKED_AT: i64 = 20_000;

/// The questions about one column of traces and its index.
struct Questions {
    /// Each id with its newest trace, by id: project, first id, bound on ids, how many.
    hop: &'static str,
    /// Traces after a key that are the newest of their id: project, start, trace, how many are looked at, how many.
    newest: &'static str,
    /// Traces of one id, newest first: project, id, how many.
    traces: &'static str,
    /// Start of the earliest trace of an id: project, id.
    first: &'static str,
}

macro_rules! questions {
    ($column:literal, $index:literal) => {
        Questions {
            hop: concat!(
                "WITH RECURSIVE hop (id) AS ( \
                     SELECT (SELECT min(",
                $column,
                ") FROM trace INDEXED BY ",
                $index,
                " \
                         WHERE project = ?1 AND ",
                $column,
                " >= ?2 AND ",
                $column,
                " < ?3) \
                     UNION ALL \
                     SELECT (SELECT min(",
                $column,
                ") FROM trace INDEXED BY ",
                $index,
                " \
                         WHERE project = ?1 AND ",
                $column,
                " > hop.id AND ",
                $column,
                " < ?3) \
                     FROM hop WHERE hop.id IS NOT NULL \
                 ) SELECT hop.id, trace.start_ns, trace.trace_id FROM hop CROSS JOIN trace ON trace.id = ( \
                     SELECT own.id FROM trace AS own INDEXED BY ",
                $index,
                " \
                     WHERE own.project = ?1 AND own.",
                $column,
                " = hop.id \
                     ORDER BY own.start_ns DESC, own.trace_id DESC LIMIT 1 \
                 ) LIMIT ?4"
            ),
            newest: concat!(
                "SELECT newest.",
                $column,
                ", newest.start_ns, newest.trace_id FROM ( \
                     SELECT ",
                $column,
                ", start_ns, trace_id FROM trace INDEXED BY trace_list \
                     WHERE project = ?1 AND (start_ns, trace_id) < (?2, ?3) \
                     ORDER BY start_ns DESC, trace_id DESC LIMIT ?4 \
                 ) AS newest WHERE newest.",
                $column,
                " IS NOT NULL AND NOT EXISTS ( \
                     SELECT 1 FROM trace AS later INDEXED BY ",
                $index,
                " WHERE later.project = ?1 \
                     AND later.",
                $column,
                " = newest.",
                $column,
                " \
                     AND (later.start_ns, later.trace_id) > (newest.start_ns, newest.trace_id) \
                 ) LIMIT ?5"
            ),
            traces: concat!(
                "SELECT trace_id, data FROM trace INDEXED BY ",
                $index,
                " WHERE project = ? AND ",
                $column,
                " = ? \
                 ORDER BY start_ns DESC, trace_id DESC LIMIT ?"
            ),
            first: concat!(
                "SELECT min(start_ns) FROM trace INDEXED BY ",
                $index,
                " WHERE project = ? AND ",
                $column,
                " = ?"
            ),
        }
    };
}

const SESSIONS: Questions = questions!("session_id", "trace_session");
const USERS: Questions = questions!("user_id", "trace_user");
const NTH: &str = "SELECT start_ns, trace_id FROM trace INDEXED BY trace_list \
     WHERE project = ? AND (start_ns, trace_id) < (?, ?) ORDER BY start_ns DESC, trace_id DESC LIMIT 1 OFFSET ?";
const OF_SESSION: &str = "SELECT trace_id, data FROM trace INDEXED BY trace_session WHERE project = ? AND session_id = ? \
     AND (start_ns, trace_id) > (?, ?) ORDER BY start_ns, trace_id LIMIT ?";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 10] = [
    SESSIONS.hop,
    SESSIONS.newest,
    SESSIONS.traces,
    SESSIONS.first,
    USERS.hop,
    USERS.newest,
    USERS.traces,
    USERS.first,
    NTH,
    OF_SESSION,
];

fn questions(by: Gather) -> &'static Questions {
    match by {
        Gather::Session => &SESSIONS,
        Gather::User => &USERS,
    }
}

/// An id and its newest trace.
struct Found {
    id: String,
    newest: TraceKey,
}

impl Found {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self { id: row.try_get(0).map_err(from_sqlx)?, newest: key(row, 1)? })
    }
}

/// Reads `start_ns, trace_id` from a column on.
fn key(row: &SqliteRow, column: usize) -> Result<TraceKey, StoreError> {
    let start_ns = TimeNs(row.try_get(column).map_err(from_sqlx)?);
    Ok(TraceKey { start_ns, trace_id: trace_id(row.try_get(column + 1).map_err(from_sqlx)?)? })
}

/// A key as bound; without one, what comes before every trace in descending order.
fn before(after: Option<TraceKey>) -> (i64, Vec<u8>) {
    after.map_or((i64::MAX, vec![0xff; 17]), |key| (key.start_ns.0, key.trace_id.as_bytes().to_vec()))
}

impl Reader {
    /// Distinct ids from `first` on and below `bound`, each with its newest trace; all of them when there are fewer than `limit`.
    async fn hop(
        &self,
        project: i64,
        by: Gather,
        first: &str,
        bound: Option<String>,
        limit: usize,
    ) -> Result<Vec<Found>, StoreError> {
        let query = sqlx::query(questions(by).hop).bind(project).bind(first.to_owned());
        let query = match bound {
            Some(bound) => query.bind(bound),
            // A blob is greater than every text.
            None => query.bind(Vec::<u8>::new()),
        };
        let rows = query.bind(limit as i64).fetch_all(&self.pool).await.map_err(from_sqlx)?;
        rows.iter().map(Found::read).collect()
    }

    /// Ids by their newest trace, and where looking for them stopped.
    async fn newest(
        &self,
        project: i64,
        by: Gather,
        after: Option<TraceKey>,
        limit: u16,
    ) -> Result<(Vec<Found>, Option<TraceKey>), StoreError> {
        let mut all = self.hop(project, by, "", None, HOPS + 1).await?;
        if all.len() <= HOPS {
            all.retain(|found| after.is_none_or(|after| found.newest < after));
            all.sort_by_key(|found| std::cmp::Reverse(found.newest));
            all.truncate(usize::from(limit));
            return Ok((all, None));
        }
        let (start, trace) = before(after);
        let rows = sqlx::query(questions(by).newest)
            .bind(project)
            .bind(start)
            .bind(trace.clone())
            .bind(LOOKED_AT)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let found: Vec<Found> = rows.iter().map(Found::read).collect::<Result<_, _>>()?;
        if found.len() >= usize::from(limit) {
            return Ok((found, None));
        }
        let reached = sqlx::query(NTH)
            .bind(project)
            .bind(start)
            .bind(trace)
            .bind(LOOKED_AT - 1)
            .fetch_optional(&self.pool)
            .await
            .map_err(from_sqlx)?;
        Ok((found, reached.as_ref().map(|row| key(row, 0)).transpose()?))
    }

    /// Adds up an id's newest traces.
    async fn gather(&self, project: i64, by: Gather, id: &str, traces: u16) -> Result<Option<Gathered>, StoreError> {
        let questions = questions(by);
        let rows = sqlx::query(questions.traces)
            .bind(project)
            .bind(id)
            .bind(i64::from(traces) + 1)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let mut records = self.records(&rows).await?;
        let more = records.len() > usize::from(traces);
        records.truncate(usize::from(traces).max(1));
        let mut totals = GatheredTotals { more, ..GatheredTotals::default() };
        for record in &records {
            totals.add(record);
        }
        let Some(newest) = records.into_iter().next() else { return Ok(None) };
        let first: Option<i64> = sqlx::query_scalar(questions.first)
            .bind(project)
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .map_err(from_sqlx)?;
        let first_ns = first.map_or(newest.start_ns, TimeNs);
        Ok(Some(Gathered { id: id.to_owned(), first_ns, newest, totals }))
    }
}

#[async_trait]
impl GatherStore for SqliteEvents {
    async fn gathered(
        &self,
        project: ProjectId,
        by: Gather,
        list: &GatheredList,
        limit: u16,
        traces: u16,
    ) -> Result<GatheredSlice, StoreError> {
        let reader = &self.reader;
        let Some(project) = reader.project(project).await? else { return Ok(GatheredSlice::default()) };
        let (found, reached) = match list {
            GatheredList::Newest(after) => reader.newest(project, by, *after, limit).await?,
            GatheredList::Prefix(prefix, after) => {
                // No character is greater, and none that is follows the prefix in an id anybody would look for.
                let bound = format!("{prefix}{}", char::MAX);
                // The least text after another one is that text and the least character.
                let first = after.as_ref().map_or_else(|| prefix.clone(), |after| format!("{after}\u{1}"));
                (reader.hop(project, by, &first, Some(bound), usize::from(limit)).await?, None)
            }
        };
        let mut items = Vec::with_capacity(found.len());
        for one in found {
            items.extend(reader.gather(project, by, &one.id, traces).await?);
        }
        Ok(GatheredSlice { items, reached })
    }

    async fn gathered_one(
        &self,
        project: ProjectId,
        by: Gather,
        id: &str,
        traces: u16,
    ) -> Result<Option<Gathered>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(None) };
        self.reader.gather(project, by, id, traces).await
    }

    async fn of_session(
        &self,
        project: ProjectId,
        session: &str,
        after: Option<TraceKey>,
        limit: u16,
    ) -> Result<Vec<TraceRecord>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(Vec::new()) };
        let (start, trace) =
            after.map_or((i64::MIN, Vec::new()), |key| (key.start_ns.0, key.trace_id.as_bytes().to_vec()));
        let rows = sqlx::query(OF_SESSION)
            .bind(project)
            .bind(session)
            .bind(start)
            .bind(trace)
            .bind(i64::from(limit))
            .fetch_all(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        self.reader.records(&rows).await
    }
}
