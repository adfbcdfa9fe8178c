//! Lists of traces. The order, and what an index knows, come from one index; the rest is looked up trace by trace within a
//! bound, so that no question reads a project from end to end.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap, HashSet},
};

use domain::{
    ids::{ProjectId, TraceId},
    time::TimeNs,
};
use sqlx::{QueryBuilder, Row as _, Sqlite, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{ScoreCondition, TraceFilter, TraceKey, TraceRecord, TraceSlice},
};

use super::{
    dictionary::WordKind,
    prepare,
    read::{Reader, trace_id, trace_record},
    record::{self, span_from_column},
    statement::Statement,
    summary::Summary,
};
use crate::error::from_sqlx;

/// Versions of one prompt a list looks through when none is asked for.
const VERSIONS: usize = 500;
/// Rows looked at for one question: a trace is one, and so is each of its generations that has to be opened. Some 100 ms.
const LOOKED_AT: u64 = 20_000;
/// Rows looked at in each version of a prompt at least.
const OF_VERSION: u64 = 1_000;
/// Traces read at once while looking: few at first, as most questions are answered by them.
const FIRST_LOOK: u16 = 128;
const MOST_AT_ONCE: u16 = 1_024;

const VERSIONS_OF_PROMPT: &str = "WITH RECURSIVE hop (version) AS ( \
         SELECT min(version) FROM trace_link WHERE prompt = ?1 \
         UNION ALL \
         SELECT (SELECT min(version) FROM trace_link WHERE prompt = ?1 AND version > hop.version) \
         FROM hop WHERE hop.version IS NOT NULL \
     ) SELECT version FROM hop WHERE version IS NOT NULL LIMIT ?2";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 5] = [
    VERSIONS_OF_PROMPT,
    super::words::WORDS_OF,
    "SELECT trace, span_id, start_ns, data FROM span INDEXED BY span_key WHERE prompt IS NOT NULL AND trace IN (?, ?)",
    "SELECT trace_id, data FROM score WHERE project = ? AND removed = 0 AND trace_id IN (?, ?)",
    "SELECT session_id, data FROM score WHERE project = ? AND removed = 0 AND session_id IN (?, ?)",
];

static GENERATIONS: Statement = Statement::new(
    "SELECT trace, span_id, start_ns, data FROM span INDEXED BY span_key WHERE prompt IS NOT NULL AND trace IN (",
    "?",
    ")",
);
static SCORES_OF_TRACES: Statement =
    Statement::new("SELECT trace_id, data FROM score WHERE project = ? AND removed = 0 AND trace_id IN (", "?", ")");
static SCORES_OF_SESSIONS: Statement = Statement::new(
    "SELECT session_id, data FROM score WHERE project = ? AND removed = 0 AND session_id IN (",
    "?",
    ")",
);

/// A filter in the numbers of the project, and where the list's order comes from.
struct Asked<'a> {
    project: i64,
    filter: &'a TraceFilter,
    environment: Option<i64>,
    prompt: Option<i64>,
    model: Option<i64>,
}

/// A trace that is looked at.
struct Candidate {
    number: i64,
    trace_id: TraceId,
    summary: Summary,
}

impl Candidate {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            trace_id: trace_id(row.try_get(0).map_err(from_sqlx)?)?,
            summary: Summary::unpack(row.try_get(1).map_err(from_sqlx)?)?,
            number: row.try_get(2).map_err(from_sqlx)?,
        })
    }

    fn key(&self) -> TraceKey {
        TraceKey { start_ns: TimeNs(self.summary.start_ns), trace_id: self.trace_id }
    }
}

/// What a trace's summary knows of the model asked for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Known {
    Yes,
    No,
    /// Its generations have to be opened.
    Perhaps,
}

impl Asked<'_> {
    /// Whether the index of links gives the order: a user or a session has fewer traces than a prompt.
    fn by_link(&self) -> bool {
        self.prompt.is_some() && self.filter.user_id.is_none() && self.filter.session_id.is_none()
    }

    /// Whether the index of the whole project gives it, which knows environments and failures too.
    fn by_time(&self) -> bool {
        !self.by_link() && self.filter.user_id.is_none() && self.filter.session_id.is_none()
    }

    /// Whether there is anything the index does not know.
    fn looks(&self) -> bool {
        let filter = self.filter;
        let beside = !self.by_time() && (filter.environment.is_some() || filter.errors.is_some());
        let member = filter.user_id.is_some() && (filter.session_id.is_some() || self.by_link());
        beside
            || member
            || (self.prompt.is_some() && !self.by_link())
            || self.model.is_some()
            || filter.score.is_some()
            || filter.min_duration_ns.is_some()
            || filter.max_duration_ns.is_some()
    }

    /// What the summary alone can say.
    fn admits(&self, summary: &Summary) -> bool {
        let filter = self.filter;
        let duration_ns = summary.end_ns.saturating_sub(summary.start_ns);
        filter.min_duration_ns.is_none_or(|least| duration_ns >= least)
            && filter.max_duration_ns.is_none_or(|most| duration_ns <= most)
            && filter.environment.as_ref().is_none_or(|environment| environment == summary.environment())
            && filter.errors.is_none_or(|errors| (summary.errors > 0) == errors)
            && filter.user_id.as_deref().is_none_or(|user| summary.user_id() == Some(user))
            && filter.session_id.as_deref().is_none_or(|session| summary.session_id() == Some(session))
            && self.prompt.is_none_or(|prompt| {
                summary
                    .links
                    .keys()
                    .any(|(used, version)| *used == prompt && filter.version.is_none_or(|wanted| wanted == *version))
            })
    }

    /// A summary keeps the model of the earliest use of each version, which is all of them where each is used once.
    fn model(&self, summary: &Summary) -> Known {
        let Some(model) = self.model else { return Known::Yes };
        if summary.links.values().any(|link| link.model == model) {
            return Known::Yes;
        }
        if summary.links.values().any(|link| link.count > 1) { Known::Perhaps } else { Known::No }
    }

    /// The list in the order of one index that holds the order wanted, so that a page reads little more than itself.
    fn query(&self, after: Option<TraceKey>, version: u32, limit: u16) -> QueryBuilder<Sqlite> {
        let filter = self.filter;
        // The table whose order is used: that of the links, or the traces themselves through the index that fits best.
        let (ordered, mut query) = if let Some(prompt) = self.prompt.filter(|_| self.by_link()) {
            let mut query = QueryBuilder::new(
                "SELECT trace.trace_id, trace.data, trace.id FROM trace_link \
                 CROSS JOIN trace ON trace.id = trace_link.trace WHERE trace_link.prompt = ",
            );
            query.push_bind(prompt).push(" AND trace_link.version = ").push_bind(i64::from(version));
            query.push(" AND trace.project = ").push_bind(self.project);
            ("trace_link", query)
        } else {
            let mut query = QueryBuilder::new("SELECT trace.trace_id, trace.data, trace.id FROM trace INDEXED BY ");
            let index = match (&filter.session_id, &filter.user_id) {
                (Some(_), _) => "trace_session",
                (None, Some(_)) => "trace_user",
                (None, None) => "trace_list",
            };
            query.push(index).push(" WHERE trace.project = ").push_bind(self.project);
            if let Some(session) = &filter.session_id {
                query.push(" AND trace.session_id = ").push_bind(session.clone());
            } else if let Some(user) = &filter.user_id {
                query.push(" AND trace.user_id = ").push_bind(user.clone());
            } else {
                if let Some(environment) = self.environment {
                    query.push(" AND trace.environment = ").push_bind(environment);
                }
                if let Some(errors) = filter.errors {
                    query.push(" AND trace.failed = ").push_bind(errors);
                }
            }
            ("trace", query)
        };
        if let Some(range) = filter.range {
            query.push(format_args!(" AND {ordered}.start_ns >= ")).push_bind(range.from.to_ns().0);
            query.push(format_args!(" AND {ordered}.start_ns < ")).push_bind(range.to.to_ns().0);
        }
        if let Some(after) = after {
            query.push(format_args!(" AND ({ordered}.start_ns, {ordered}.trace_id) < ("));
            query.push_bind(after.start_ns.0).push(", ").push_bind(after.trace_id.as_bytes().to_vec()).push(")");
        }
        query.push(format_args!(" ORDER BY {ordered}.start_ns DESC, {ordered}.trace_id DESC LIMIT "));
        query.push_bind(i64::from(limit));
        query
    }
}

impl Reader {
    pub(super) async fn traces(
        &self,
        project: ProjectId,
        filter: &TraceFilter,
        after: Option<TraceKey>,
        limit: u16,
    ) -> Result<TraceSlice, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(TraceSlice::default()) };
        let mut words = [None; 3];
        let asked = [
            (WordKind::Environment, &filter.environment),
            (WordKind::Prompt, &filter.prompt),
            (WordKind::Model, &filter.model),
        ];
        for (word, (kind, text)) in words.iter_mut().zip(asked) {
            let Some(text) = text else { continue };
            *word = self.word(project, kind, text).await?;
            if word.is_none() {
                return Ok(TraceSlice::default());
            }
        }
        let [environment, prompt, model] = words;
        let asked = Asked { project, filter, environment, prompt, model };
        let versions = match (asked.prompt.filter(|_| asked.by_link()), filter.version) {
            (Some(_), Some(version)) => vec![version],
            (Some(prompt), None) => self.versions(prompt).await?,
            // One list, whatever the versions.
            (None, _) => vec![0],
        };
        let bound = (LOOKED_AT / versions.len().max(1) as u64).max(OF_VERSION);
        let mut found = Vec::new();
        let mut reached: Option<TraceKey> = None;
        for version in versions {
            let stopped = self.look(&asked, version, after, limit, bound, &mut found).await?;
            reached = reached.max(stopped);
        }
        found.sort_by_key(|candidate| Reverse(candidate.key()));
        // A trace that uses two versions was found twice.
        found.dedup_by_key(|candidate| candidate.trace_id);
        // Beyond the first place where looking ended, the list has gaps.
        found.retain(|candidate| reached.is_none_or(|reached| candidate.key() >= reached));
        if found.len() >= usize::from(limit) {
            found.truncate(usize::from(limit));
            reached = None;
        }
        Ok(TraceSlice { traces: self.named(&found).await?, reached })
    }

    /// Finds traces of one version, or of all, until there are enough; says where it stopped when the bound was reached before.
    async fn look(
        &self,
        asked: &Asked<'_>,
        version: u32,
        mut after: Option<TraceKey>,
        limit: u16,
        bound: u64,
        found: &mut Vec<Candidate>,
    ) -> Result<Option<TraceKey>, StoreError> {
        let wanted = found.len() + usize::from(limit);
        let mut size = if asked.looks() { FIRST_LOOK.max(limit) } else { limit };
        let mut looked_at = 0;
        loop {
            let mut query = asked.query(after, version, size);
            let rows = query.build().fetch_all(&self.pool).await.map_err(from_sqlx)?;
            let mut candidates = Vec::new();
            let mut opened = HashSet::new();
            let mut stopped = false;
            for row in &rows {
                if looked_at >= bound {
                    stopped = true;
                    break;
                }
                looked_at += 1;
                let candidate = Candidate::read(row)?;
                after = Some(candidate.key());
                let known = if asked.admits(&candidate.summary) { asked.model(&candidate.summary) } else { Known::No };
                if known == Known::Perhaps {
                    looked_at += candidate.summary.generations;
                    opened.insert(candidate.number);
                }
                if known != Known::No {
                    candidates.push(candidate);
                }
            }
            self.keep_model(asked, &opened, &mut candidates).await?;
            self.keep_scored(asked, &mut candidates).await?;
            found.extend(candidates);
            if found.len() >= wanted {
                found.truncate(wanted);
                return Ok(None);
            }
            if stopped {
                return Ok(after);
            }
            if rows.len() < usize::from(size) {
                return Ok(None);
            }
            size = size.saturating_mul(2).min(MOST_AT_ONCE.max(limit));
        }
    }

    /// Opens generations to see which model they called.
    async fn keep_model(
        &self,
        asked: &Asked<'_>,
        opened: &HashSet<i64>,
        candidates: &mut Vec<Candidate>,
    ) -> Result<(), StoreError> {
        let Some(model) = asked.filter.model.as_deref().filter(|_| !opened.is_empty()) else { return Ok(()) };
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let rows = GENERATIONS
            .fetch(
                &mut connection,
                opened.iter().copied().collect(),
                |_| {},
                |binds, trace| {
                    binds.add(trace);
                },
            )
            .await?;
        let mut calling = HashSet::new();
        for row in &rows {
            let span = span_from_column(row.try_get(1).map_err(from_sqlx)?);
            let narrow = record::unpack(row.try_get(3).map_err(from_sqlx)?, span, row.try_get(2).map_err(from_sqlx)?)?;
            if narrow.model == Some(model) {
                calling.insert(row.try_get::<i64, _>(0).map_err(from_sqlx)?);
            }
        }
        candidates.retain(|candidate| !opened.contains(&candidate.number) || calling.contains(&candidate.number));
        Ok(())
    }

    /// Keeps what has a score that says what is asked for, on the trace, in it or on its session.
    async fn keep_scored(&self, asked: &Asked<'_>, candidates: &mut Vec<Candidate>) -> Result<(), StoreError> {
        let Some(condition) = asked.filter.score.as_ref().filter(|_| !candidates.is_empty()) else { return Ok(()) };
        let mut connection = self.pool.acquire().await.map_err(from_sqlx)?;
        let traces: Vec<TraceId> = candidates.iter().map(|candidate| candidate.trace_id).collect();
        let rows = SCORES_OF_TRACES
            .fetch(
                &mut connection,
                traces,
                |binds| {
                    binds.add(asked.project);
                },
                |binds, trace| {
                    binds.add(trace.as_bytes().to_vec());
                },
            )
            .await?;
        let mut traces = HashSet::new();
        for row in &rows {
            if passes(condition, row)? {
                traces.insert(trace_id(row.try_get(0).map_err(from_sqlx)?)?);
            }
        }
        let sessions: BTreeSet<&str> =
            candidates.iter().filter_map(|candidate| candidate.summary.session_id()).collect();
        let rows = SCORES_OF_SESSIONS
            .fetch(
                &mut connection,
                sessions.into_iter().map(str::to_owned).collect(),
                |binds| {
                    binds.add(asked.project);
                },
                |binds, session: String| {
                    binds.add(session);
                },
            )
            .await?;
        let mut sessions: HashSet<String> = HashSet::new();
        for row in &rows {
            if passes(condition, row)? {
                sessions.insert(row.try_get(0).map_err(from_sqlx)?);
            }
        }
        candidates.retain(|candidate| {
            traces.contains(&candidate.trace_id)
                || candidate.summary.session_id().is_some_and(|session| sessions.contains(session))
        });
        Ok(())
    }

    async fn named(&self, found: &[Candidate]) -> Result<Vec<TraceRecord>, StoreError> {
        let wanted =
            found.iter().flat_map(|candidate| candidate.summary.links.keys().map(|(prompt, _)| *prompt)).collect();
        let names: HashMap<_, _> = self.names(&wanted).await?;
        Ok(found.iter().map(|candidate| trace_record(candidate.trace_id, &candidate.summary, &names)).collect())
    }

    /// Versions of a prompt that any trace uses: hops through the index, one step a version.
    pub(super) async fn versions(&self, prompt: i64) -> Result<Vec<u32>, StoreError> {
        sqlx::query_scalar(VERSIONS_OF_PROMPT)
            .bind(prompt)
            .bind(VERSIONS as i64)
            .fetch_all(&self.pool)
            .await
            .map_err(from_sqlx)
    }
}

/// Whether the score in the second column says what is asked for.
fn passes(condition: &ScoreCondition, row: &SqliteRow) -> Result<bool, StoreError> {
    let (record, _) = prepare::unpack_score(row.try_get(1).map_err(from_sqlx)?)?;
    Ok(record.score.name == condition.name && condition.test.passes(&record.score.value))
}

#[cfg(test)]
mod tests {
    use domain::{
        score::ScoreName,
        time::{TimeRange, TimeUs},
    };
    use sqlx::{AssertSqlSafe, Row as _, SqlitePool};
    use store::event::ScoreTest;

    use super::*;

    /// What the planner would do, one line a step.
    async fn plan(pool: &SqlitePool, question: &str) -> Vec<String> {
        let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {question}"))).fetch_all(pool).await.unwrap();
        rows.iter().map(|row| row.get::<String, _>(3)).collect()
    }

    #[tokio::test]
    async fn no_question_scans_events_and_no_list_is_sorted() {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::SqliteEvents::open(folder.path()).await.unwrap();
        let pool = &store.reader.pool;
        let text = || Some("x".to_owned());
        let key = TraceKey { start_ns: TimeNs(1), trace_id: TraceId::from_bytes([1; 16]).unwrap() };
        let range = Some(TimeRange { from: TimeUs(0), to: TimeUs(1) });
        let none = TraceFilter::default;
        let score = ScoreCondition { name: ScoreName::try_from("tone".to_owned()).unwrap(), test: ScoreTest::Any };
        let mut lists = Vec::new();
        for filter in [
            none(),
            TraceFilter { range, ..none() },
            TraceFilter { errors: Some(true), range, ..none() },
            TraceFilter { user_id: text(), ..none() },
            TraceFilter { session_id: text(), user_id: text(), range, ..none() },
            TraceFilter { model: text(), score: Some(score), min_duration_ns: Some(1), range, ..none() },
        ] {
            for prompt in [None, Some(1)] {
                for after in [None, Some(key)] {
                    for environment in [None, Some(1)] {
                        let asked = Asked { project: 1, filter: &filter, environment, prompt, model: Some(1) };
                        lists.push(asked.query(after, 1, 50).sql().as_str().to_owned());
                    }
                }
            }
        }
        for list in &lists {
            let steps = plan(pool, list).await;
            assert!(!steps.iter().any(|step| step.contains("SCAN") || step.contains("B-TREE")), "{list}\n{steps:?}");
        }
        let of_lists = super::super::score_list::QUESTIONS
            .into_iter()
            .chain(super::super::span_list::QUESTIONS)
            .chain(super::super::sessions_users::QUESTIONS)
            .chain(super::super::outcome::QUESTIONS)
            .chain(super::super::unit_list::QUESTIONS)
            .chain(super::super::past::QUESTIONS)
            .chain(super::super::erase::QUESTIONS)
            .chain(super::super::erase_traces::QUESTIONS)
            .chain(super::super::erase_loose::QUESTIONS);
        let questions = QUESTIONS.into_iter().chain(super::super::read::QUESTIONS).chain(of_lists);
        for question in questions {
            for step in plan(pool, question).await {
                // `hop` is the list of versions found so far, `bounded` one that ends at a limit.
                assert!(
                    !step.contains("SCAN")
                        || ["hop", "CONSTANT", "newest", "bounded"].iter().any(|list| step.contains(list)),
                    "{question}\n{step}"
                );
            }
        }
    }
}
