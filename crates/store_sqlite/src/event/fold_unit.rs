//! What becomes of exposed units: worked out afresh from a unit's own rows whenever one of them changed.
//!
//! Nothing is added to or taken from a state, so it can depend on nothing but the rows: a late score, an earlier exposure, a
//! changed cost all lead to the same bytes. Writers only note who is affected ([`super::writes`]): a trace, a session, a unit.
//! Here it is found out whose that is, and each unit that was exposed is looked at, all in rows found by an index and bounded
//! in number.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    experiment::{MetricSource, UnitKind},
    metric::Quantity,
    score::{Score, ScoreTarget},
    time::HOUR_NS,
    trace::Level,
};
use sqlx::{Row as _, SqliteConnection};
use store::{
    StoreError,
    event::{ExposureRecord, MOST_ROWS, Standing},
};

use super::{
    append::Memory,
    fold_block::Changes,
    outcome, prepare,
    record::{self, Narrow},
    statement::Statement,
    trial::{self, Trial},
    unit::{self, Tally},
};
use crate::error::from_sqlx;

/// Notes taken in one step.
const NOTES: i64 = 200;
/// Traces of one session that its scores and events count for: the earliest ones.
const TRACES: i64 = 1_000;
const DAY_NS: i64 = 24 * HOUR_NS;
/// How long before the exposure a trace may have begun whose generations are looked at.
const REACH_NS: i64 = DAY_NS;
/// How long before the exposure a generation counts as one of a wrong clock.
const EARLY_NS: i64 = 60_000_000_000;

static SCORES_OF_TRACES: Statement =
    Statement::new("SELECT data FROM score WHERE project = ? AND removed = 0 AND trace_id IN (", "?", ")");
static SCORES_OF_SESSIONS: Statement =
    Statement::new("SELECT data FROM score WHERE project = ? AND removed = 0 AND session_id IN (", "?", ")");
static EVENTS: Statement = Statement::new(
    "WITH wanted (project, kind, unit) AS (VALUES ",
    "(?,?,?)",
    ") SELECT outcome.data FROM wanted CROSS JOIN outcome ON outcome.project = wanted.project \
     AND outcome.kind = wanted.kind AND outcome.unit = wanted.unit",
);

macro_rules! generations {
    ($index:literal, $of:literal) => {
        concat!(
            "SELECT trace.trace_id, trace.session_id, trace.segment, span.span_id, span.start_ns, span.version, ",
            "span.segment, span.data FROM trace INDEXED BY ",
            $index,
            " CROSS JOIN span INDEXED BY span_key ON span.trace = trace.id WHERE trace.project = ?1 AND ",
            $of,
            " AND span.prompt = ?5 AND span.start_ns >= ?6 AND span.start_ns < ?4 \
             ORDER BY span.start_ns, trace.trace_id, span.span_id LIMIT ?7"
        )
    };
}

const OF_USER: &str = generations!("trace_user", "trace.user_id = ?2 AND trace.start_ns >= ?3 AND trace.start_ns < ?4");
const OF_SESSION: &str =
    generations!("trace_session", "trace.session_id = ?2 AND trace.start_ns >= ?3 AND trace.start_ns < ?4");
const OF_TRACE: &str = generations!("trace_key", "trace.trace_id = ?2 AND ?3 IS NOT NULL");

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 3] = [OF_USER, OF_SESSION, OF_TRACE];

/// A generation that counts.
struct Generation {
    trace_id: [u8; 16],
    session: Option<String>,
    span: u64,
    start_ns: i64,
}

/// Works out some of the units noted. Says whether more are.
pub(super) async fn step(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    if memory.watched.is_empty() {
        return Ok(false);
    }
    let notes: Vec<(i64, String, String)> = sqlx::query_as("SELECT project, kind, unit FROM dirty_unit LIMIT ?")
        .bind(NOTES)
        .fetch_all(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let mut units: BTreeMap<i64, BTreeSet<(String, String)>> = BTreeMap::new();
    for (project, kind, unit) in &notes {
        affected(connection, *project, kind, unit, units.entry(*project).or_default()).await?;
    }
    let mut changes = Changes::default();
    for (project, units) in units {
        let trials = trial::of_project(connection, project).await?;
        let mut changed: BTreeSet<i64> = BTreeSet::new();
        for (kind, unit) in &units {
            for trial in trials.iter().filter(|trial| trial.kind.to_string() == *kind) {
                if derive(connection, project, trial, unit, &mut changes).await? {
                    changed.insert(trial.id);
                }
            }
        }
        for trial in changed {
            sqlx::query("UPDATE trial SET version = version + 1 WHERE id = ?")
                .bind(trial)
                .execute(&mut *connection)
                .await
                .map_err(from_sqlx)?;
        }
    }
    changes.write(connection).await?;
    for (project, kind, unit) in &notes {
        sqlx::query("DELETE FROM dirty_unit WHERE project = ? AND kind = ? AND unit = ?")
            .bind(project)
            .bind(kind)
            .bind(unit)
            .execute(&mut *connection)
            .await
            .map_err(from_sqlx)?;
    }
    Ok((notes.len() as i64) == NOTES)
}

/// Whose numbers a note may change: the unit itself, and through a trace or session its session and users.
async fn affected(
    connection: &mut SqliteConnection,
    project: i64,
    kind: &str,
    unit: &str,
    units: &mut BTreeSet<(String, String)>,
) -> Result<(), StoreError> {
    let (user, session, trace) =
        (UnitKind::User.to_string(), UnitKind::Session.to_string(), UnitKind::Trace.to_string());
    units.insert((kind.to_owned(), unit.to_owned()));
    if kind == trace {
        let Ok(id) = unit.parse::<domain::ids::TraceId>() else { return Ok(()) };
        let found: Option<(Option<String>, Option<String>)> =
            sqlx::query_as("SELECT user_id, session_id FROM trace WHERE project = ? AND trace_id = ?")
                .bind(project)
                .bind(id.as_bytes().as_slice())
                .fetch_optional(connection)
                .await
                .map_err(from_sqlx)?;
        let (of_user, of_session) = found.unwrap_or_default();
        units.extend(of_user.map(|id| (user, id)));
        units.extend(of_session.map(|id| (session, id)));
    } else if kind == session {
        let found: Vec<(Vec<u8>, Option<String>)> = sqlx::query_as(
            "SELECT trace_id, user_id FROM trace INDEXED BY trace_session WHERE project = ? AND session_id = ? \
             ORDER BY start_ns, trace_id LIMIT ?",
        )
        .bind(project)
        .bind(unit)
        .bind(TRACES)
        .fetch_all(connection)
        .await
        .map_err(from_sqlx)?;
        for (id, of_user) in found {
            units.extend(domain::ids::TraceId::from_slice(&id).ok().map(|id| (trace.clone(), id.to_string())));
            units.extend(of_user.map(|id| (user.clone(), id)));
        }
    }
    Ok(())
}

/// Works one unit out. Says whether its state is another now.
async fn derive(
    connection: &mut SqliteConnection,
    project: i64,
    trial: &Trial,
    unit: &str,
    changes: &mut Changes,
) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT exposure, revision, state, multiple FROM unit WHERE trial = ? AND unit = ?")
        .bind(trial.id)
        .bind(unit)
        .fetch_optional(&mut *connection)
        .await
        .map_err(from_sqlx)?;
    let Some(row) = row else { return Ok(false) };
    let exposure = super::exposure::unpack(row.try_get(0).map_err(from_sqlx)?, trial.experiment, trial.phase, unit)?;
    let first_us = exposure.first_us.0;
    let standing = Standing::of(&ExposureRecord { exposure, multiple: row.try_get(3).map_err(from_sqlx)? });
    let revision: i64 = row.try_get(1).map_err(from_sqlx)?;
    let stored: Option<&[u8]> = row.try_get(2).map_err(from_sqlx)?;
    let state = work_out(connection, project, trial, unit, first_us).await?.pack(&standing);
    // What another revision came to is in no block.
    let stored = stored.filter(|_| revision == trial.revision);
    if stored == Some(&state[..]) {
        return Ok(false);
    }
    let before = stored.map(unit::unpack).transpose()?;
    let now = unit::unpack(&state)?;
    changes.unit((trial.id, &trial.readings), unit, before.as_ref(), Some(&now));
    sqlx::query("UPDATE unit SET revision = ?, state = ? WHERE trial = ? AND unit = ?")
        .bind(trial.revision)
        .bind(state)
        .bind(trial.id)
        .bind(unit)
        .execute(connection)
        .await
        .map_err(from_sqlx)?;
    Ok(true)
}

/// What becomes of a unit exposed at an instant.
pub(super) async fn work_out(
    connection: &mut SqliteConnection,
    project: i64,
    trial: &Trial,
    unit: &str,
    first_us: i64,
) -> Result<Tally, StoreError> {
    let mut sums = Sums::new(trial, first_us);
    let generations = sums.generations(connection, project, unit).await?;
    if sums.reads(|source| matches!(source, MetricSource::Score(_))) {
        sums.scores(connection, project, &generations).await?;
    }
    if sums.reads(|source| matches!(source, MetricSource::Event(_))) {
        sums.events(connection, project, unit, &generations).await?;
    }
    Ok(sums.tally)
}

/// One unit while it is added up.
struct Sums<'t> {
    trial: &'t Trial,
    first_ns: i64,
    until_ns: i64,
    tally: Tally,
}

impl<'t> Sums<'t> {
    fn new(trial: &'t Trial, first_us: i64) -> Self {
        Self {
            trial,
            first_ns: first_us.saturating_mul(1000),
            until_ns: trial.until_us.map_or(i64::MAX, |until| until.saturating_mul(1000)),
            tally: Tally { measures: trial.measures.len(), ..Tally::default() },
        }
    }

    fn reads(&self, of: impl Fn(&MetricSource) -> bool) -> bool {
        self.trial.measures.iter().any(|measure| of(&measure.source))
    }

    /// Counts a row at an instant in every measure it belongs to.
    fn count(&mut self, at_ns: i64, row: impl Fn(&MetricSource) -> Option<(i128, Option<i32>)>) {
        for (index, measure) in self.trial.measures.iter().enumerate() {
            let ends = measure
                .window_hours
                .map_or(i64::MAX, |hours| self.first_ns.saturating_add(i64::from(hours).saturating_mul(HOUR_NS)));
            if at_ns >= ends {
                continue;
            }
            if let Some((value, bin)) = row(&measure.source)
                && let Some(sum) = self.tally.sum(at_ns.div_euclid(DAY_NS), index)
            {
                sum.count(value, bin.filter(|_| measure.bins));
            }
        }
    }

    async fn generations(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        unit: &str,
    ) -> Result<Vec<Generation>, StoreError> {
        let (question, trace) = match &self.trial.kind {
            UnitKind::User => (OF_USER, None),
            UnitKind::Session => (OF_SESSION, None),
            UnitKind::Trace => match unit.parse::<domain::ids::TraceId>() {
                Ok(id) => (OF_TRACE, Some(id)),
                Err(_) => return Ok(Vec::new()),
            },
            // Spans are not found by their attributes: such units have outcome events only.
            UnitKind::Attribute(_) => return Ok(Vec::new()),
        };
        let asked = sqlx::query(question).bind(project);
        let asked = match trace {
            Some(id) => asked.bind(id.as_bytes().to_vec()),
            None => asked.bind(unit.to_owned()),
        };
        let rows = asked
            .bind(self.first_ns.saturating_sub(REACH_NS))
            .bind(self.until_ns)
            .bind(self.trial.prompt)
            .bind(self.first_ns.saturating_sub(EARLY_NS))
            .bind(MOST_ROWS as i64 + 1)
            .fetch_all(connection)
            .await
            .map_err(from_sqlx)?;
        self.tally.cut |= rows.len() > MOST_ROWS;
        let mut generations = Vec::with_capacity(rows.len());
        for row in rows.iter().take(MOST_ROWS) {
            let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
            let (span, start_ns) = (record::span_from_column(get(3)?), get(4)?);
            if start_ns < self.first_ns {
                self.tally.early += 1;
                continue;
            }
            let version = u32::try_from(get(5)?).map_err(StoreError::backend)?;
            let narrow = record::unpack(row.try_get(7).map_err(from_sqlx)?, span, start_ns)?;
            if generations.is_empty() {
                let own = get(6)?;
                self.tally.segment = if own == 0 { get(2)? } else { own };
            }
            self.tally.version(start_ns.div_euclid(DAY_NS), version);
            self.count(start_ns, |source| of_generation(source, &narrow));
            let trace_id: &[u8] = row.try_get(0).map_err(from_sqlx)?;
            let trace_id = <[u8; 16]>::try_from(trace_id)
                .map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))?;
            generations.push(Generation { trace_id, session: row.try_get(1).map_err(from_sqlx)?, span, start_ns });
        }
        Ok(generations)
    }

    /// A score counts when the generation it is about does; one of a trace or session once, by the earliest of its generations.
    async fn scores(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        generations: &[Generation],
    ) -> Result<(), StoreError> {
        let mut spans = BTreeMap::new();
        let mut traces = BTreeMap::new();
        let mut sessions = BTreeMap::new();
        for one in generations {
            spans.insert((one.trace_id, one.span), one.start_ns);
            traces.entry(one.trace_id).or_insert(one.start_ns);
            if let Some(session) = &one.session {
                sessions.entry(session.clone()).or_insert(one.start_ns);
            }
        }
        let mut rows = SCORES_OF_TRACES
            .fetch(
                connection,
                traces.keys().copied().collect(),
                |binds| {
                    binds.add(project);
                },
                |binds, trace: [u8; 16]| {
                    binds.add(trace.to_vec());
                },
            )
            .await?;
        rows.extend(
            SCORES_OF_SESSIONS
                .fetch(
                    connection,
                    sessions.keys().cloned().collect(),
                    |binds| {
                        binds.add(project);
                    },
                    |binds, session: String| {
                        binds.add(session);
                    },
                )
                .await?,
        );
        let mut scores: Vec<(Score, Option<i32>)> = Vec::with_capacity(rows.len());
        for row in &rows {
            let (record, bin) = prepare::unpack_score(row.try_get(0).map_err(from_sqlx)?)?;
            scores.push((record.score, bin));
        }
        // Which ones count when there are too many does not depend on the order they came in.
        scores.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        self.tally.cut |= scores.len() > MOST_ROWS;
        for (score, bin) in scores.iter().take(MOST_ROWS) {
            let at_ns = match &score.target {
                ScoreTarget::Observation { trace, span } => {
                    spans.get(&(*trace.as_bytes(), record::span_number(*span))).copied()
                }
                ScoreTarget::Trace { trace } => traces.get(trace.as_bytes()).copied(),
                ScoreTarget::Session { session } => sessions.get(session).copied(),
            };
            let (Some(at_ns), Some(number)) = (at_ns, score.value.number()) else { continue };
            self.count(at_ns, |source| match source {
                MetricSource::Score(name) if *name == score.name => Some((fixed(number), *bin)),
                _ => None,
            });
        }
        Ok(())
    }

    /// Events count by their own time, whether they name the unit, one of the traces counted, or the session of one.
    async fn events(
        &mut self,
        connection: &mut SqliteConnection,
        project: i64,
        unit: &str,
        generations: &[Generation],
    ) -> Result<(), StoreError> {
        let mut about = BTreeSet::from([(self.trial.kind.to_string(), unit.to_owned())]);
        for one in generations {
            let trace = domain::ids::TraceId::from_bytes(one.trace_id).map_err(StoreError::backend)?;
            about.insert((UnitKind::Trace.to_string(), trace.to_string()));
            if let (UnitKind::User, Some(session)) = (&self.trial.kind, &one.session) {
                about.insert((UnitKind::Session.to_string(), session.clone()));
            }
        }
        let rows = EVENTS
            .fetch(
                connection,
                about.into_iter().collect(),
                |_| {},
                |binds, (kind, unit): (String, String)| {
                    binds.add(project).add(kind).add(unit);
                },
            )
            .await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            let event = outcome::unpack(row.try_get(0).map_err(from_sqlx)?)?.event;
            let at_ns = event.at_us.0.saturating_mul(1000);
            if (self.first_ns..self.until_ns).contains(&at_ns) {
                events.push((at_ns, event));
            }
        }
        events.sort_by(|(one_at, one), (other_at, other)| (one_at, &one.id).cmp(&(other_at, &other.id)));
        self.tally.cut |= events.len() > MOST_ROWS;
        for (at_ns, event) in events.iter().take(MOST_ROWS) {
            self.count(*at_ns, |source| match source {
                MetricSource::Event(name) if *name == event.name => Some((fixed(event.number()), None)),
                _ => None,
            });
        }
        Ok(())
    }
}

/// In units of 1e-9. Scores and events lie within ±9e9, so the product fits.
fn fixed(number: f64) -> i128 {
    i128::from((number * 1e9).round_ties_even() as i64)
}

/// What a generation counts for, and in which bin.
fn of_generation(source: &MetricSource, span: &Narrow<'_>) -> Option<(i128, Option<i32>)> {
    let keys = &span.keys;
    let with = |value: i64, key: Option<i16>| Some((i128::from(value), key.map(i32::from)));
    let tokens = |value: u64, key: Option<i16>| Some((i128::from(value), key.map(i32::from)));
    match source {
        MetricSource::Generations => with(1, None),
        MetricSource::Errors => with(i64::from(span.level == Level::Error), None),
        MetricSource::NullResponses => with(i64::from(span.null_response), None),
        MetricSource::Quantity(quantity) => match quantity {
            Quantity::Latency => with(span.end_ns.saturating_sub(span.start_ns).max(0), keys.latency),
            Quantity::TimeToFirstToken => {
                with(span.completion_start_ns?.saturating_sub(span.start_ns).max(0), keys.time_to_first_token)
            }
            Quantity::Cost => with(span.cost?, keys.cost),
            Quantity::InputCost => with(span.input_cost?, keys.input_cost),
            Quantity::OutputCost => with(span.output_cost?, keys.output_cost),
            Quantity::InputTokens => tokens(span.tokens?.all_input(), keys.input_tokens),
            Quantity::OutputTokens => tokens(span.tokens?.all_output(), keys.output_tokens),
            Quantity::TotalTokens => tokens(span.tokens?.total(), keys.total_tokens),
        },
        MetricSource::Score(_) | MetricSource::Event(_) => None,
    }
}
