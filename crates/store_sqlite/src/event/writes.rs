//! Rows a group of batches writes.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;
use store::{StoreError, event::UnpricedModel};

use super::{
    home::Home,
    record,
    statement::{Binds, Statement},
};

static PUT_SPANS: Statement = Statement::new(
    "INSERT INTO span (seq, project, trace, span_id, start_ns, prompt, version, segment, data) VALUES ",
    "(?,?,?,?,?,?,?,?,?)",
    "",
);
static REPLACE_SPANS: Statement = Statement::new(
    "INSERT INTO span (seq, project, trace, span_id, start_ns, prompt, version, segment, data) VALUES ",
    "(?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT (seq) DO UPDATE SET start_ns = excluded.start_ns, prompt = excluded.prompt, \
     version = excluded.version, segment = excluded.segment, data = excluded.data",
);
static RELINK_SPANS: Statement = Statement::new(
    "WITH link (seq, prompt, version) AS (VALUES ",
    "(?,?,?)",
    ") UPDATE span SET prompt = link.prompt, version = link.version FROM link WHERE span.seq = link.seq",
);
static PUT_PAYLOADS: Statement = Statement::new("INSERT INTO payload (seq, data) VALUES ", "(?,?)", "");
static REPLACE_PAYLOADS: Statement = Statement::new("INSERT OR REPLACE INTO payload (seq, data) VALUES ", "(?,?)", "");
static PUT_TRACES: Statement = Statement::new(
    "INSERT INTO trace (id, project, trace_id, start_ns, environment, failed, user_id, session_id, unit_group, segment, data) \
     VALUES ",
    "(?,?,?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT (id) DO UPDATE SET start_ns = excluded.start_ns, environment = excluded.environment, \
     failed = excluded.failed, user_id = excluded.user_id, session_id = excluded.session_id, \
     unit_group = excluded.unit_group, segment = excluded.segment, data = excluded.data",
);
static PUT_LINKS: Statement =
    Statement::new("INSERT INTO trace_link (prompt, version, start_ns, trace_id, trace) VALUES ", "(?,?,?,?,?)", "");
static DROP_LINKS: Statement =
    Statement::any_of("DELETE FROM trace_link WHERE ", "(prompt, version, start_ns, trace_id) = (?,?,?,?)");
/// The first entry since the last fold stands: it is what the totals hold.
static PUT_JOURNAL: Statement = Statement::new("INSERT OR IGNORE INTO journal (seq, before) VALUES ", "(?,?)", "");
static PUT_SCORES: Statement = Statement::new(
    "INSERT INTO score (seq, project, id, trace_id, span_id, session_id, data) VALUES ",
    "(?,?,?,?,?,?,?)",
    " ON CONFLICT (seq) DO UPDATE SET trace_id = excluded.trace_id, span_id = excluded.span_id, \
     session_id = excluded.session_id, data = excluded.data, removed = 0",
);
static PUT_DIRTY_SCORES: Statement = Statement::new("INSERT OR IGNORE INTO dirty_score (seq) VALUES ", "(?)", "");
static PUT_DIRTY_SESSIONS: Statement =
    Statement::new("INSERT OR IGNORE INTO dirty_session (project, session_id) VALUES ", "(?,?)", "");

static PUT_OUTCOMES: Statement = Statement::new(
    "INSERT INTO outcome (seq, project, id, kind, unit, at_us, data) VALUES ",
    "(?,?,?,?,?,?,?)",
    " ON CONFLICT (seq) DO UPDATE SET kind = excluded.kind, unit = excluded.unit, at_us = excluded.at_us, \
     data = excluded.data",
);
static COUNT_OUTCOMES: Statement = Statement::new(
    "INSERT INTO outcome_name (project, name, events, last_us) VALUES ",
    "(?,?,?,?)",
    " ON CONFLICT (project, name) DO UPDATE SET events = events + excluded.events, \
     last_us = max(last_us, excluded.last_us)",
);
static DROP_OUTCOMES: Statement =
    Statement::any_of("DELETE FROM outcome_name WHERE ", "(project, name) = (?,?) AND events <= 0");
/// What became of the unit stays until it is worked out again.
static PUT_UNITS: Statement = Statement::new(
    "INSERT INTO unit (trial, unit, exposure, multiple) VALUES ",
    "(?,?,?,?)",
    " ON CONFLICT (trial, unit) DO UPDATE SET exposure = excluded.exposure, multiple = excluded.multiple",
);
static COUNT_UNITS: Statement = Statement::new(
    "WITH more (trial, units) AS (VALUES ",
    "(?,?)",
    ") UPDATE trial SET version = trial.version + 1, units = trial.units + more.units FROM more WHERE trial.id = more.trial",
);
static PUT_DIRTY_UNITS: Statement =
    Statement::new("INSERT OR IGNORE INTO dirty_unit (project, kind, unit) VALUES ", "(?,?,?)", "");

static PUT_PAST_COSTS: Statement =
    Statement::new("INSERT OR IGNORE INTO past_cost (seq, job, at_us, data) VALUES ", "(?,?,?,?)", "");
static COUNT_UNPRICED: Statement = Statement::new(
    "INSERT INTO unpriced (project, model, provider, reason, spans, last_us) VALUES ",
    "(?,?,?,?,?,?)",
    " ON CONFLICT (project, model, provider, reason) DO UPDATE SET spans = spans + excluded.spans, \
     last_us = max(last_us, excluded.last_us)",
);
static DROP_UNPRICED: Statement =
    Statement::any_of("DELETE FROM unpriced WHERE ", "(project, model, provider, reason) = (?,?,?,?) AND spans <= 0");

/// Notes units to be worked out again: project, kind, id.
pub(super) async fn note_units(
    connection: &mut SqliteConnection,
    units: Vec<(i64, String, String)>,
) -> Result<(), StoreError> {
    PUT_DIRTY_UNITS
        .run(connection, units, |binds, (project, kind, unit)| {
            binds.add(project).add(kind).add(unit);
        })
        .await
}

/// Rows a group writes, gathered so that each table gets few statements.
#[derive(Default)]
pub(super) struct Writes {
    pub(super) new_spans: Vec<SpanPut>,
    pub(super) changed_spans: Vec<SpanPut>,
    pub(super) new_payloads: Vec<(i64, Vec<u8>)>,
    pub(super) changed_payloads: Vec<(i64, Vec<u8>)>,
    pub(super) relinks: Vec<(i64, i64, i64)>,
    pub(super) traces: Vec<TracePut>,
    pub(super) links: Vec<LinkPut>,
    pub(super) dropped_links: Vec<LinkPut>,
    pub(super) journal: Vec<(i64, Vec<u8>)>,
    pub(super) scores: Vec<ScorePut>,
    pub(super) dirty_scores: Vec<i64>,
    pub(super) dirty_sessions: Vec<(i64, String)>,
    pub(super) outcomes: Vec<OutcomePut>,
    /// Project and name of events, how many more there are, and when the newest was received.
    pub(super) outcome_names: Vec<OutcomeNamePut>,
    pub(super) units: Vec<UnitPut>,
    /// Phases with a changed unit, and how many units more they have.
    pub(super) trials: BTreeMap<i64, i64>,
    /// Traces, sessions and units whose numbers in experiments may have changed: project, kind, id.
    pub(super) dirty_units: Vec<DirtyUnit>,
    /// Projects with a generation that counts for a version, and when it was received.
    pub(super) linked: Vec<(i64, i64)>,
    pub(super) past_costs: Vec<PastCostPut>,
    /// How many spans more or fewer a model without a price has, and when the newest was received.
    unpriced: BTreeMap<UnpricedKey, (i64, i64)>,
}

/// Project, model, provider, and why there is no price, as JSON.
type UnpricedKey = (i64, String, String, String);

pub(super) struct PastCostPut {
    pub(super) seq: i64,
    pub(super) job: [u8; 16],
    pub(super) at_us: i64,
    pub(super) data: Vec<u8>,
}

type OutcomeNamePut = (i64, String, i64, i64);
type DirtyUnit = (i64, String, String);

pub(super) struct OutcomePut {
    pub(super) seq: i64,
    pub(super) project: i64,
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) unit: String,
    pub(super) at_us: i64,
    pub(super) data: Vec<u8>,
}

pub(super) struct UnitPut {
    pub(super) trial: i64,
    pub(super) unit: String,
    pub(super) exposure: Vec<u8>,
    pub(super) multiple: bool,
}

pub(super) struct SpanPut {
    pub(super) seq: i64,
    pub(super) project: i64,
    pub(super) trace: i64,
    pub(super) span: u64,
    pub(super) start_ns: i64,
    pub(super) link: Option<(i64, u32)>,
    /// The segment it names itself; 0 for none.
    pub(super) segment: i64,
    pub(super) data: Vec<u8>,
}

pub(super) struct TracePut {
    pub(super) id: i64,
    pub(super) project: i64,
    pub(super) trace_id: [u8; 16],
    pub(super) start_ns: i64,
    pub(super) environment: i64,
    pub(super) failed: bool,
    pub(super) user_id: Option<String>,
    pub(super) session_id: Option<String>,
    pub(super) home: Home,
    pub(super) data: Vec<u8>,
}

pub(super) struct LinkPut {
    pub(super) prompt: i64,
    pub(super) version: u32,
    pub(super) start_ns: i64,
    pub(super) trace_id: [u8; 16],
    pub(super) trace: i64,
}

pub(super) struct ScorePut {
    pub(super) seq: i64,
    pub(super) project: i64,
    pub(super) id: String,
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) span: Option<u64>,
    pub(super) session_id: Option<String>,
    pub(super) data: Vec<u8>,
}

impl Writes {
    /// Counts a span among those without a price (`sign` 1), or no longer (−1).
    pub(super) fn count_unpriced(
        &mut self,
        project: i64,
        model: Option<UnpricedModel>,
        sign: i64,
    ) -> Result<(), StoreError> {
        let Some(model) = model else { return Ok(()) };
        let reason = serde_json::to_string(&model.reason).map_err(StoreError::backend)?;
        let key = (project, model.model.unwrap_or_default(), model.provider.unwrap_or_default(), reason);
        let (spans, last_us) = self.unpriced.entry(key).or_insert((0, i64::MIN));
        *spans += sign;
        *last_us = model.last_us.0.max(*last_us);
        Ok(())
    }

    async fn write_unpriced(
        connection: &mut SqliteConnection,
        counts: BTreeMap<UnpricedKey, (i64, i64)>,
    ) -> Result<(), StoreError> {
        let fewer: Vec<UnpricedKey> =
            counts.iter().filter(|(_, (spans, _))| *spans < 0).map(|(key, _)| key.clone()).collect();
        let changed = counts.into_iter().filter(|(_, (spans, _))| *spans != 0).collect();
        COUNT_UNPRICED
            .run(connection, changed, |binds, ((project, model, provider, reason), (spans, last_us))| {
                binds.add(project).add(model).add(provider).add(reason).add(spans).add(last_us);
            })
            .await?;
        DROP_UNPRICED
            .run(connection, fewer, |binds, (project, model, provider, reason)| {
                binds.add(project).add(model).add(provider).add(reason);
            })
            .await
    }

    async fn write_experiments(
        connection: &mut SqliteConnection,
        (outcomes, names): (Vec<OutcomePut>, Vec<OutcomeNamePut>),
        (units, trials, dirty): (Vec<UnitPut>, BTreeMap<i64, i64>, Vec<DirtyUnit>),
    ) -> Result<(), StoreError> {
        PUT_OUTCOMES
            .run(connection, outcomes, |binds, event| {
                binds
                    .add(event.seq)
                    .add(event.project)
                    .add(event.id)
                    .add(event.kind)
                    .add(event.unit)
                    .add(event.at_us)
                    .add(event.data);
            })
            .await?;
        let fewer = names.iter().filter(|(.., by, _)| *by < 0).map(|(project, name, ..)| (*project, name.clone()));
        let fewer: Vec<(i64, String)> = fewer.collect();
        COUNT_OUTCOMES
            .run(connection, names, |binds, (project, name, by, last_us)| {
                binds.add(project).add(name).add(by).add(last_us);
            })
            .await?;
        DROP_OUTCOMES
            .run(connection, fewer, |binds, (project, name)| {
                binds.add(project).add(name);
            })
            .await?;
        PUT_UNITS
            .run(connection, units, |binds, unit| {
                binds.add(unit.trial).add(unit.unit).add(unit.exposure).add(unit.multiple);
            })
            .await?;
        COUNT_UNITS
            .run(connection, trials.into_iter().collect(), |binds, (trial, units)| {
                binds.add(trial).add(units);
            })
            .await?;
        note_units(connection, dirty).await
    }

    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        let put_span = |binds: &mut Binds, span: SpanPut| {
            binds
                .add(span.seq)
                .add(span.project)
                .add(span.trace)
                .add(record::span_column(span.span))
                .add(span.start_ns)
                .add(span.link.map(|link| link.0))
                .add(span.link.map(|link| i64::from(link.1)))
                .add(span.segment)
                .add(span.data);
        };
        let put_pair = |binds: &mut Binds, (seq, data): (i64, Vec<u8>)| {
            binds.add(seq).add(data);
        };
        PUT_SPANS.run(connection, self.new_spans, put_span).await?;
        REPLACE_SPANS.run(connection, self.changed_spans, put_span).await?;
        PUT_PAYLOADS.run(connection, self.new_payloads, put_pair).await?;
        REPLACE_PAYLOADS.run(connection, self.changed_payloads, put_pair).await?;
        RELINK_SPANS
            .run(connection, self.relinks, |binds, (seq, prompt, version)| {
                binds.add(seq).add(prompt).add(version);
            })
            .await?;
        PUT_TRACES
            .run(connection, self.traces, |binds, trace| {
                binds
                    .add(trace.id)
                    .add(trace.project)
                    .add(&trace.trace_id[..])
                    .add(trace.start_ns)
                    .add(trace.environment)
                    .add(trace.failed)
                    .add(trace.user_id)
                    .add(trace.session_id)
                    .add(i64::from(trace.home.group))
                    .add(trace.home.segment)
                    .add(trace.data);
            })
            .await?;
        DROP_LINKS
            .run(connection, self.dropped_links, |binds, link| {
                binds.add(link.prompt).add(i64::from(link.version)).add(link.start_ns).add(&link.trace_id[..]);
            })
            .await?;
        PUT_LINKS
            .run(connection, self.links, |binds, link| {
                binds
                    .add(link.prompt)
                    .add(i64::from(link.version))
                    .add(link.start_ns)
                    .add(&link.trace_id[..])
                    .add(link.trace);
            })
            .await?;
        PUT_JOURNAL.run(connection, self.journal, put_pair).await?;
        PUT_SCORES
            .run(connection, self.scores, |binds, score| {
                binds
                    .add(score.seq)
                    .add(score.project)
                    .add(score.id)
                    .add(score.trace_id.as_ref().map(|id| &id[..]))
                    .add(score.span.map(record::span_column))
                    .add(score.session_id)
                    .add(score.data);
            })
            .await?;
        PUT_DIRTY_SCORES
            .run(connection, self.dirty_scores, |binds, seq| {
                binds.add(seq);
            })
            .await?;
        PUT_DIRTY_SESSIONS
            .run(connection, self.dirty_sessions, |binds, (project, session)| {
                binds.add(project).add(session);
            })
            .await?;
        Self::write_experiments(
            connection,
            (self.outcomes, self.outcome_names),
            (self.units, self.trials, self.dirty_units),
        )
        .await?;
        PUT_PAST_COSTS
            .run(connection, self.past_costs, |binds, past| {
                binds.add(past.seq).add(&past.job[..]).add(past.at_us).add(past.data);
            })
            .await?;
        Self::write_unpriced(connection, self.unpriced).await
    }
}
