//! What becomes of exposed units: the sums of their measures by day, from their own rows.
//!
//! Many units are asked for with one statement, and all rows are found by an index and bounded in number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    experiment::{MetricSource, UnitKind},
    ids::TraceId,
    metric::Quantity,
    outcome::{EventUnit, OutcomeEvent},
    score::{Score, ScoreTarget},
    time::HOUR_NS,
    trace::Level,
};
use sqlx::{Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{StoreError, event::MOST_ROWS};

use super::{
    outcome, prepare,
    record::{self, Narrow},
    statement::{Binds, Statement},
    trial::Trial,
    unit::Tally,
};
use crate::error::from_sqlx;

/// Units asked for together.
const UNITS: usize = 32;
/// Generations read of each of them; one that has more is asked for again by itself, so that memory stays small.
const FEW: usize = 128;
const DAY_NS: i64 = 24 * HOUR_NS;
/// How long before the exposure a trace may have begun whose generations are looked at.
const REACH_NS: i64 = DAY_NS;
/// How long before the exposure a generation counts as one of a wrong clock.
const EARLY_NS: i64 = 60_000_000_000;

macro_rules! generations {
    ($index:literal, $of:literal) => {
        concat!(
            "SELECT * FROM (SELECT ?, trace.trace_id, trace.session_id, trace.segment, span.span_id, span.start_ns, ",
            "span.version, span.segment, span.data FROM trace INDEXED BY ",
            $index,
            " CROSS JOIN span INDEXED BY span_key ON span.trace = trace.id WHERE trace.project = ? AND ",
            $of,
            " AND span.prompt = ? AND span.start_ns >= ? AND span.start_ns < ? \
             ORDER BY span.start_ns, trace.trace_id, span.span_id LIMIT ?)"
        )
    };
}

static OF_USERS: Statement =
    Statement::each(generations!("trace_user", "trace.user_id = ? AND trace.start_ns >= ? AND trace.start_ns < ?"));
static OF_SESSIONS: Statement = Statement::each(generations!(
    "trace_session",
    "trace.session_id = ? AND trace.start_ns >= ? AND trace.start_ns < ?"
));
static OF_TRACES: Statement =
    Statement::each(generations!("trace_key", "trace.trace_id = ? AND ? IS NOT NULL AND ? IS NOT NULL"));
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

/// What became of units, each exposed at its instant (microseconds); in their order.
pub(super) async fn work_out(
    connection: &mut SqliteConnection,
    project: i64,
    trial: &Trial,
    exposed: &[(&str, i64)],
) -> Result<Vec<Tally>, StoreError> {
    let reads = |of: fn(&MetricSource) -> bool| trial.measures.iter().any(|measure| of(&measure.source));
    let mut tallies = Vec::with_capacity(exposed.len());
    for some in exposed.chunks(UNITS) {
        let mut units: Vec<Sums<'_>> = some.iter().map(|(unit, first_us)| Sums::new(trial, unit, *first_us)).collect();
        generations(connection, project, trial, &mut units).await?;
        if reads(|source| matches!(source, MetricSource::Score(_))) {
            scores(connection, project, &mut units).await?;
        }
        if reads(|source| matches!(source, MetricSource::Event(_))) {
            events(connection, project, &mut units).await?;
        }
        tallies.extend(units.into_iter().map(|unit| unit.tally));
    }
    Ok(tallies)
}

/// A unit's id as traces have it.
#[derive(Clone)]
enum Id {
    Text(String),
    Trace(TraceId),
}

impl Id {
    fn bind(self, binds: &mut Binds) {
        match self {
            Self::Text(id) => binds.add(id),
            Self::Trace(id) => binds.add(id.as_bytes().to_vec()),
        };
    }
}

async fn generations(
    connection: &mut SqliteConnection,
    project: i64,
    trial: &Trial,
    units: &mut [Sums<'_>],
) -> Result<(), StoreError> {
    let question = match &trial.kind {
        UnitKind::User => &OF_USERS,
        UnitKind::Session => &OF_SESSIONS,
        UnitKind::Trace => &OF_TRACES,
        // Spans are not found by their attributes: such units have outcome events only.
        UnitKind::Attribute(_) => return Ok(()),
    };
    let id = |unit: &str| match &trial.kind {
        UnitKind::Trace => unit.parse().ok().map(Id::Trace),
        _ => Some(Id::Text(unit.to_owned())),
    };
    let all = units.iter().enumerate().filter_map(|(place, unit)| Some((place, id(unit.unit)?))).collect();
    let found = ask(connection, question, project, units, all, FEW).await?;
    let mut many = Vec::new();
    for (place, rows) in found {
        let Some(unit) = units.get_mut(place) else { continue };
        if rows.len() > FEW {
            many.extend(id(unit.unit).map(|id| (place, id)));
        } else {
            unit.generations(rows)?;
        }
    }
    for one in many {
        for (place, rows) in ask(connection, question, project, units, vec![one], MOST_ROWS).await? {
            let Some(unit) = units.get_mut(place) else { continue };
            unit.generations(rows)?;
        }
    }
    Ok(())
}

/// The generations of some units, by the unit's place; of each one more than the most wanted, if there are more.
async fn ask(
    connection: &mut SqliteConnection,
    question: &Statement,
    project: i64,
    units: &[Sums<'_>],
    wanted: Vec<(usize, Id)>,
    most: usize,
) -> Result<BTreeMap<usize, Vec<Row>>, StoreError> {
    let bind = |binds: &mut Binds, (place, id): (usize, Id)| {
        let Some(unit) = units.get(place) else { return };
        binds.add(place as i64).add(project);
        id.bind(binds);
        binds.add(unit.first_ns.saturating_sub(REACH_NS)).add(unit.until_ns).add(unit.trial.prompt);
        binds.add(unit.first_ns.saturating_sub(EARLY_NS)).add(unit.until_ns).add(most as i64 + 1);
    };
    let mut found: BTreeMap<usize, Vec<Row>> = BTreeMap::new();
    for row in question.fetch(connection, wanted, |_| {}, bind).await? {
        let (place, row) = Row::read(&row)?;
        found.entry(place).or_default().push(row);
    }
    Ok(found)
}

/// A generation as it was read.
struct Row {
    trace_id: [u8; 16],
    session: Option<String>,
    /// The segment's word of its trace and its own; 0 for none.
    segments: (i64, i64),
    span: i64,
    start_ns: i64,
    version: u32,
    data: Vec<u8>,
}

impl Row {
    /// With the place of its unit.
    fn read(row: &SqliteRow) -> Result<(usize, Self), StoreError> {
        let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
        let trace_id: &[u8] = row.try_get(1).map_err(from_sqlx)?;
        let trace_id = <[u8; 16]>::try_from(trace_id);
        let read = Self {
            trace_id: trace_id.map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))?,
            session: row.try_get(2).map_err(from_sqlx)?,
            segments: (get(3)?, get(7)?),
            span: get(4)?,
            start_ns: get(5)?,
            version: u32::try_from(get(6)?).map_err(StoreError::backend)?,
            data: row.try_get(8).map_err(from_sqlx)?,
        };
        Ok((usize::try_from(get(0)?).map_err(StoreError::backend)?, read))
    }
}

/// A generation that counts.
struct Generation {
    trace_id: [u8; 16],
    session: Option<String>,
    span: u64,
    start_ns: i64,
}

/// One unit while it is added up.
struct Sums<'t> {
    trial: &'t Trial,
    unit: &'t str,
    first_ns: i64,
    until_ns: i64,
    tally: Tally,
    /// Those that count, in order.
    counted: Vec<Generation>,
}

impl<'t> Sums<'t> {
    fn new(trial: &'t Trial, unit: &'t str, first_us: i64) -> Self {
        Self {
            trial,
            unit,
            first_ns: first_us.saturating_mul(1000),
            until_ns: trial.until_us.map_or(i64::MAX, |until| until.saturating_mul(1000)),
            tally: Tally { measures: trial.measures.len(), ..Tally::default() },
            counted: Vec::new(),
        }
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

    /// Counts its generations.
    fn generations(&mut self, mut rows: Vec<Row>) -> Result<(), StoreError> {
        self.tally.cut |= rows.len() > MOST_ROWS;
        rows.sort_by_key(|row| (row.start_ns, row.trace_id, row.span));
        for row in rows.into_iter().take(MOST_ROWS) {
            if row.start_ns < self.first_ns {
                self.tally.early += 1;
                continue;
            }
            let span = record::span_from_column(row.span);
            let narrow = record::unpack(&row.data, span, row.start_ns)?;
            if self.counted.is_empty() {
                let (of_trace, own) = row.segments;
                self.tally.segment = if own == 0 { of_trace } else { own };
            }
            self.tally.version(row.start_ns.div_euclid(DAY_NS), row.version);
            self.count(row.start_ns, |source| of_generation(source, &narrow));
            self.counted.push(Generation {
                trace_id: row.trace_id,
                session: row.session,
                span,
                start_ns: row.start_ns,
            });
        }
        Ok(())
    }

    /// A score counts when the generation it is about does; one of a trace or session once, by the earliest of its generations.
    fn scores(&mut self, of_traces: &Held<[u8; 16], ScoreRow>, of_sessions: &Held<String, ScoreRow>) {
        let mut spans = BTreeMap::new();
        let mut traces = BTreeMap::new();
        let mut sessions = BTreeMap::new();
        for one in &self.counted {
            spans.insert((one.trace_id, one.span), one.start_ns);
            traces.entry(one.trace_id).or_insert(one.start_ns);
            if let Some(session) = &one.session {
                sessions.entry(session.clone()).or_insert(one.start_ns);
            }
        }
        let of_traces = traces.keys().filter_map(|trace| of_traces.get(trace)).flatten();
        let of_sessions = sessions.keys().filter_map(|session| of_sessions.get(session)).flatten();
        let mut scores: Vec<&ScoreRow> = of_traces.chain(of_sessions).collect();
        // Which ones count when there are too many does not depend on the order they came in.
        scores.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        self.tally.cut |= scores.len() > MOST_ROWS;
        for (score, bin) in scores.into_iter().take(MOST_ROWS) {
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
    }

    /// Whom an event must be about to count: the unit, one of the traces counted, or the session of one.
    fn about(&self) -> Result<BTreeSet<(String, String)>, StoreError> {
        let mut about = BTreeSet::from([(self.trial.kind.to_string(), self.unit.to_owned())]);
        for one in &self.counted {
            let trace = TraceId::from_bytes(one.trace_id).map_err(StoreError::backend)?;
            about.insert((UnitKind::Trace.to_string(), trace.to_string()));
            if let (UnitKind::User, Some(session)) = (&self.trial.kind, &one.session) {
                about.insert((UnitKind::Session.to_string(), session.clone()));
            }
        }
        Ok(about)
    }

    /// Events count by their own time.
    fn events(&mut self, held: &Held<(String, String), OutcomeEvent>) -> Result<(), StoreError> {
        let about = self.about()?;
        let mut events = Vec::new();
        for event in about.iter().filter_map(|one| held.get(one)).flatten() {
            let at_ns = event.at_us.0.saturating_mul(1000);
            if (self.first_ns..self.until_ns).contains(&at_ns) {
                events.push((at_ns, event));
            }
        }
        events.sort_by(|(one_at, one), (other_at, other)| (one_at, &one.id).cmp(&(other_at, &other.id)));
        self.tally.cut |= events.len() > MOST_ROWS;
        for (at_ns, event) in events.into_iter().take(MOST_ROWS) {
            self.count(at_ns, |source| match source {
                MetricSource::Event(name) if *name == event.name => Some((fixed(event.number()), None)),
                _ => None,
            });
        }
        Ok(())
    }
}

/// Rows by what they are about.
type Held<K, T> = HashMap<K, Vec<T>>;
/// A score and its bin.
type ScoreRow = (Score, Option<i32>);

async fn scores(connection: &mut SqliteConnection, project: i64, units: &mut [Sums<'_>]) -> Result<(), StoreError> {
    let counted = || units.iter().flat_map(|unit| &unit.counted);
    let traces: BTreeSet<[u8; 16]> = counted().map(|one| one.trace_id).collect();
    let sessions: BTreeSet<&String> = counted().filter_map(|one| one.session.as_ref()).collect();
    let first = |binds: &mut Binds| {
        binds.add(project);
    };
    let bind_trace = |binds: &mut Binds, trace: [u8; 16]| {
        binds.add(trace.to_vec());
    };
    let bind_session = |binds: &mut Binds, session: &String| {
        binds.add(session.clone());
    };
    let mut of_traces = Held::new();
    for row in SCORES_OF_TRACES.fetch(connection, traces.into_iter().collect(), first, bind_trace).await? {
        let score = score(&row)?;
        let trace = match &score.0.target {
            ScoreTarget::Observation { trace, .. } | ScoreTarget::Trace { trace } => *trace.as_bytes(),
            ScoreTarget::Session { .. } => continue,
        };
        of_traces.entry(trace).or_insert_with(Vec::new).push(score);
    }
    let mut of_sessions = Held::new();
    for row in SCORES_OF_SESSIONS.fetch(connection, sessions.into_iter().collect(), first, bind_session).await? {
        let score = score(&row)?;
        let ScoreTarget::Session { session } = &score.0.target else { continue };
        of_sessions.entry(session.clone()).or_insert_with(Vec::new).push(score);
    }
    for unit in units {
        unit.scores(&of_traces, &of_sessions);
    }
    Ok(())
}

fn score(row: &SqliteRow) -> Result<ScoreRow, StoreError> {
    let (record, bin) = prepare::unpack_score(row.try_get(0).map_err(from_sqlx)?)?;
    Ok((record.score, bin))
}

async fn events(connection: &mut SqliteConnection, project: i64, units: &mut [Sums<'_>]) -> Result<(), StoreError> {
    let mut about = BTreeSet::new();
    for unit in &*units {
        about.extend(unit.about()?);
    }
    let bind = |binds: &mut Binds, (kind, unit): (String, String)| {
        binds.add(project).add(kind).add(unit);
    };
    let mut held = Held::new();
    for row in EVENTS.fetch(connection, about.into_iter().collect(), |_| {}, bind).await? {
        let event = outcome::unpack(row.try_get(0).map_err(from_sqlx)?)?.event;
        let EventUnit { kind, id } = &event.unit;
        held.entry((kind.to_string(), id.clone())).or_insert_with(Vec::new).push(event);
    }
    for unit in units {
        unit.events(&held)?;
    }
    Ok(())
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
