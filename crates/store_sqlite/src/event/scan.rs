//! Looking at single generations where totals cannot tell: in parts of hours, by the minute, by user. Bounded in rows.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::time::{HOUR_NS, TimeRange};
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection, sqlite::SqliteRow};
use store::StoreError;

use super::{
    cell::{Contribution, Placed},
    cell_score::{Counted, Folded},
    dictionary::WordKind,
    home::Home,
    question::{Conditions, Words},
    read::Reader,
    record,
    statement::Statement,
};
use crate::error::from_sqlx;

/// Single generations looked at for one answer.
pub(super) const SCANNED: u64 = 200_000;
/// Traces of the users asked for that are looked at.
const TRACES: i64 = 20_000;
/// A generation is found by its user if its trace began less than this before the range.
const TRACE_BEGAN_NS: i64 = 7 * 24 * HOUR_NS;

static SPANS_OF_TRACES: Statement = Statement::new(
    "SELECT span.start_ns, span.span_id, span.prompt, span.version, span.segment, span.data, trace.unit_group, \
     trace.segment, trace.user_id, trace.id FROM trace CROSS JOIN span ON span.trace = trace.id \
     WHERE span.prompt IS NOT NULL AND trace.id IN (",
    "?",
    ")",
);
static USERS_OF_TRACES: Statement =
    Statement::new("SELECT id, user_id FROM trace WHERE user_id IS NOT NULL AND id IN (", "?", ")");
static SCORES_AT: Statement = Statement::new(
    "WITH wanted (prompt, version, start_ns) AS (VALUES ",
    "(?,?,?)",
    ") SELECT wanted.prompt, wanted.version, wanted.start_ns, score_fold.data FROM wanted CROSS JOIN score_place \
     ON score_place.prompt = wanted.prompt AND score_place.version = wanted.version \
     AND score_place.start_ns = wanted.start_ns CROSS JOIN score_fold ON score_fold.seq = score_place.seq",
);

/// A stretch of one prompt version's generations.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Stretch {
    pub(super) prompt: i64,
    pub(super) version: i64,
    /// First nanosecond inside.
    pub(super) from: i64,
    /// First one after.
    pub(super) to: i64,
}

/// One generation.
pub(super) struct Seen {
    pub(super) words: Words,
    pub(super) user: Option<Arc<str>>,
    pub(super) one: Contribution,
    trace: i64,
}

/// Who the traces served that have a generation at one instant.
type UsersByTrace = BTreeMap<i64, Option<Arc<str>>>;

/// One score by one generation.
pub(super) struct SeenScore {
    pub(super) words: Words,
    pub(super) user: Option<Arc<str>>,
    pub(super) start_ns: i64,
    pub(super) counted: Counted,
    trace: i64,
}

/// Numbers of models and environments, asked for once each.
#[derive(Default)]
struct Known {
    words: HashMap<(u8, String), i64>,
    users: HashMap<String, Arc<str>>,
}

impl Reader {
    async fn known(&self, known: &mut Known, project: i64, kind: WordKind, text: &str) -> Result<i64, StoreError> {
        let key = (kind as u8, text.to_owned());
        if let Some(number) = known.words.get(&key) {
            return Ok(*number);
        }
        let number = self.word(project, kind, text).await?.unwrap_or(-1);
        known.words.insert(key, number);
        Ok(number)
    }

    /// Reads `start_ns, span_id, prompt, version, segment, data` of a span and `unit_group, segment, user_id, id` of its trace.
    async fn seen(&self, known: &mut Known, project: i64, row: &SqliteRow) -> Result<Seen, StoreError> {
        let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
        let span = record::span_from_column(get(1)?);
        let narrow = record::unpack(row.try_get(5).map_err(from_sqlx)?, span, get(0)?)?;
        let home = Home::read(row, 6)?;
        let user: Option<&str> = row.try_get(8).map_err(from_sqlx)?;
        let user = user.map(|user| match known.users.get(user) {
            Some(held) => Arc::clone(held),
            None => Arc::clone(known.users.entry(user.to_owned()).or_insert_with(|| Arc::from(user))),
        });
        let words = Words {
            prompt: get(2)?,
            version: get(3)?,
            model: self.known(known, project, WordKind::Model, narrow.model.unwrap_or("")).await?,
            environment: self.known(known, project, WordKind::Environment, narrow.environment).await?,
            segment: home.segment_of(get(4)?),
            score: None,
        };
        let placed = Placed {
            link: (words.prompt, u32::try_from(words.version).map_err(StoreError::backend)?),
            model: words.model,
            environment: words.environment,
            segment: words.segment,
            group: home.group,
        };
        Ok(Seen { words, user, one: Contribution::of(&narrow, project, placed), trace: get(9)? })
    }

    /// Generations of some stretches that the conditions keep.
    pub(super) async fn scan(
        &self,
        project: i64,
        stretches: &[Stretch],
        conditions: &Conditions,
        mut each: impl FnMut(Seen),
    ) -> Result<(), StoreError> {
        const QUESTION: &str = "SELECT span.start_ns, span.span_id, span.prompt, span.version, span.segment, span.data, \
             trace.unit_group, trace.segment, trace.user_id, trace.id FROM span INDEXED BY span_link \
             CROSS JOIN trace ON trace.id = span.trace \
             WHERE span.prompt = ? AND span.version = ? AND span.start_ns >= ? AND span.start_ns < ?";
        let mut known = Known::default();
        for stretch in stretches {
            let rows = sqlx::query(QUESTION)
                .bind(stretch.prompt)
                .bind(stretch.version)
                .bind(stretch.from)
                .bind(stretch.to)
                .fetch_all(&self.pool)
                .await
                .map_err(from_sqlx)?;
            for row in &rows {
                let seen = self.seen(&mut known, project, row).await?;
                if conditions.keep(&seen.words, seen.user.as_deref()) {
                    each(seen);
                }
            }
        }
        Ok(())
    }

    /// Scores that count in some stretches, as far as the conditions keep them. Users are found only when `by_user`.
    pub(super) async fn scan_scores(
        &self,
        stretches: &[Stretch],
        conditions: &Conditions,
        by_user: bool,
        mut each: impl FnMut(SeenScore),
    ) -> Result<(), StoreError> {
        const QUESTION: &str = "SELECT score_place.prompt, score_place.version, score_place.start_ns, score_fold.data \
             FROM score_place CROSS JOIN score_fold ON score_fold.seq = score_place.seq WHERE score_place.prompt = ? \
             AND score_place.version = ? AND score_place.start_ns >= ? AND score_place.start_ns < ?";
        let mut found = Vec::new();
        for stretch in stretches {
            let rows = sqlx::query(QUESTION)
                .bind(stretch.prompt)
                .bind(stretch.version)
                .bind(stretch.from)
                .bind(stretch.to)
                .fetch_all(&self.pool)
                .await
                .map_err(from_sqlx)?;
            for row in &rows {
                found.extend(seen_score(row)?);
            }
        }
        if by_user {
            let traces: BTreeSet<i64> = found.iter().map(|score| score.trace).collect();
            let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
            let users = users_of(&mut connection, traces).await?;
            for score in &mut found {
                score.user = users.get(&score.trace).cloned();
            }
        }
        for score in found {
            if conditions.keep(&score.words, score.user.as_deref()) {
                each(score);
            }
        }
        Ok(())
    }

    /// Generations of the users the conditions name, and the scores that count by them. Says whether all were looked at.
    pub(super) async fn scan_users(
        &self,
        project: i64,
        range: TimeRange,
        conditions: &Conditions,
        scores: bool,
        mut each: impl FnMut(Seen),
        mut each_score: impl FnMut(SeenScore),
    ) -> Result<bool, StoreError> {
        let (from, to) = (range.from.to_ns().0, range.to.to_ns().0);
        let traces = self.traces_of_users(project, conditions, from, to).await?;
        let all = (traces.len() as i64) <= TRACES;
        let newest = traces.into_iter().take(usize::try_from(TRACES).unwrap_or(usize::MAX)).collect();
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let rows = SPANS_OF_TRACES
            .fetch(
                &mut connection,
                newest,
                |_| {},
                |binds, trace: i64| {
                    binds.add(trace);
                },
            )
            .await?;
        let mut known = Known::default();
        let mut at: BTreeMap<(i64, i64, i64), UsersByTrace> = BTreeMap::new();
        for row in &rows {
            let start_ns: i64 = row.try_get(0).map_err(from_sqlx)?;
            if start_ns < from || start_ns >= to {
                continue;
            }
            let seen = self.seen(&mut known, project, row).await?;
            if conditions.keep(&seen.words, seen.user.as_deref()) {
                let key = (seen.words.prompt, seen.words.version, start_ns);
                at.entry(key).or_default().insert(seen.trace, seen.user.clone());
                each(seen);
            }
        }
        if scores {
            let found = SCORES_AT
                .fetch(
                    &mut connection,
                    at.keys().copied().collect(),
                    |_| {},
                    |binds, (prompt, version, start_ns)| {
                        binds.add(prompt).add(version).add(start_ns);
                    },
                )
                .await?;
            for row in &found {
                let Some(score) = seen_score(row)? else { continue };
                let key = (score.words.prompt, score.words.version, score.start_ns);
                let Some(user) = at.get(&key).and_then(|traces| traces.get(&score.trace)) else { continue };
                let score = SeenScore { user: user.clone(), ..score };
                if conditions.keep(&score.words, score.user.as_deref()) {
                    each_score(score);
                }
            }
        }
        Ok(all)
    }

    /// Traces of users, newest first, one more than are looked at.
    async fn traces_of_users(
        &self,
        project: i64,
        conditions: &Conditions,
        from: i64,
        to: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let mut query: QueryBuilder<Sqlite> =
            QueryBuilder::new("SELECT id FROM trace INDEXED BY trace_user WHERE project = ");
        query.push_bind(project).push(" AND user_id IN (");
        let mut list = query.separated(", ");
        for user in conditions.users.iter().flatten() {
            list.push_bind(user);
        }
        query.push(") AND start_ns >= ").push_bind(from.saturating_sub(TRACE_BEGAN_NS));
        query.push(" AND start_ns < ").push_bind(to).push(" ORDER BY start_ns DESC LIMIT ").push_bind(TRACES + 1);
        query.build_query_scalar().fetch_all(&self.pool).await.map_err(from_sqlx)
    }
}

async fn users_of(
    connection: &mut SqliteConnection,
    traces: BTreeSet<i64>,
) -> Result<HashMap<i64, Arc<str>>, StoreError> {
    let rows = USERS_OF_TRACES
        .fetch(
            connection,
            traces.into_iter().collect(),
            |_| {},
            |binds, trace: i64| {
                binds.add(trace);
            },
        )
        .await?;
    let mut users = HashMap::with_capacity(rows.len());
    for row in &rows {
        let user: &str = row.try_get(1).map_err(from_sqlx)?;
        users.insert(row.try_get(0).map_err(from_sqlx)?, Arc::from(user));
    }
    Ok(users)
}

/// The score of a row of `prompt, version, start_ns, data`, at the place the first three name.
fn seen_score(row: &SqliteRow) -> Result<Option<SeenScore>, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let at = (get(0)?, get(1)?, get(2)?);
    let folded = Folded::unpack(row.try_get(3).map_err(from_sqlx)?)?;
    let place = folded.places.iter().find(|place| (place.cell.prompt, place.cell.version, place.start_ns) == at);
    Ok(place.map(|place| SeenScore {
        words: Words {
            prompt: place.cell.prompt,
            version: place.cell.version,
            model: place.cell.model,
            environment: place.cell.environment,
            segment: place.cell.segment,
            score: Some((place.name, place.level)),
        },
        user: None,
        start_ns: place.start_ns,
        counted: folded.counted,
        trace: place.trace,
    }))
}
