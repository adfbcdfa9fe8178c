//! What spans cost, when that is worked out again; and models without a price.

use std::collections::{BTreeMap, btree_map::Entry};

use async_trait::async_trait;
use domain::{
    ids::{JobId, ProjectId, SpanId, TraceId},
    money::NanoUsd,
    time::{TimeNs, TimeRange, TimeUs},
};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{
        Amounts, ChargePage, ChargeStore, ChargedSpan, PastCost, Recharge, RechargeBatch, Recharged, UnpricedModel,
    },
};
use uuid::Uuid;

use super::{
    SqliteEvents,
    append::Memory,
    charge,
    home::Home,
    read::Reader,
    record::{self, span_column, span_from_column, span_number},
    statement::Statement,
    stored::Stored,
    trace::TraceWork,
    writer::Order,
    writes::{PastCostPut, Writes},
};
use crate::error::from_sqlx;

/// Spans looked at in one page: a few milliseconds, so that no read holds the log for long.
const PAGE: u64 = 5_000;

static FIND_SPANS: Statement = Statement::new(
    // CROSS JOIN: the keys drive, each finds its rows through the indexes.
    "WITH wanted (project, trace_id, span_id) AS (VALUES ",
    "(?,?,?)",
    ") SELECT span.seq, span.start_ns, span.prompt, span.version, span.segment, span.data, span.span_id, trace.id, \
     trace.trace_id, trace.data, trace.unit_group, trace.segment FROM wanted \
     CROSS JOIN trace ON trace.project = wanted.project AND trace.trace_id = wanted.trace_id \
     CROSS JOIN span ON span.trace = trace.id AND span.span_id = wanted.span_id",
);

/// Changes what spans cost, in one transaction.
pub(super) async fn recharge(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    batch: &RechargeBatch,
) -> Result<Recharged, StoreError> {
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let project = memory.dictionary.project(&mut transaction, batch.project).await?;
    let wanted: BTreeMap<(TraceId, u64), &Recharge> =
        batch.changes.iter().map(|change| ((change.trace_id, span_number(change.span_id)), change)).collect();
    let keys: Vec<(TraceId, u64)> = wanted.keys().copied().collect();
    let rows = FIND_SPANS
        .fetch(
            &mut transaction,
            keys,
            |_| {},
            |binds, (trace, span)| {
                binds.add(project).add(&trace.as_bytes()[..]).add(span_column(span));
            },
        )
        .await?;
    let mut traces: BTreeMap<i64, TraceWork> = BTreeMap::new();
    let mut writes = Writes::default();
    let mut changed = 0;
    for row in &rows {
        let trace_id = trace_id(row.try_get(8).map_err(from_sqlx)?)?;
        let span = span_from_column(row.try_get(6).map_err(from_sqlx)?);
        let Some(change) = wanted.get(&(trace_id, span)) else { continue };
        let Some(past) = change_span(row, project, span, change, &mut traces)? else { continue };
        changed += 1;
        writes.past_costs.push(PastCostPut {
            seq: row.try_get(0).map_err(from_sqlx)?,
            job: *batch.job.0.as_bytes(),
            at_us: batch.at_us.0,
            data: past,
        });
    }
    for trace in traces.values_mut() {
        trace.settle(&mut transaction, memory, &mut writes).await?;
    }
    writes.run(&mut transaction).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    memory.waiting |= changed > 0;
    Ok(Recharged { changed, unchanged: (batch.changes.len() as u64).saturating_sub(changed) })
}

/// Puts another cost into one stored span. What it cost before, packed; `None` when nothing has to be written.
fn change_span(
    row: &SqliteRow,
    project: i64,
    span: u64,
    change: &Recharge,
    traces: &mut BTreeMap<i64, TraceWork>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let start_ns = get(1)?;
    let narrow = record::unpack(row.try_get(5).map_err(from_sqlx)?, span, start_ns)?;
    if narrow.version != change.version {
        return Ok(None);
    }
    let mut now = narrow.to_row(change.trace_id)?;
    let before = Amounts { total: now.cost, input: now.input_cost, output: now.output_cost };
    if before == change.amounts && now.derived.charge == change.charge {
        return Ok(None);
    }
    let past = charge::pack_past(&before, &now.derived.charge);
    (now.cost, now.input_cost, now.output_cost) = (change.amounts.total, change.amounts.input, change.amounts.output);
    now.derived.charge = change.charge.clone();
    let keys = &mut now.derived.keys;
    (keys.cost, keys.input_cost, keys.output_cost) =
        (change.keys.cost, change.keys.input_cost, change.keys.output_cost);
    let data = record::pack(&now, narrow.version, TimeUs(narrow.received_us));
    let trace = get(7)?;
    let work = match traces.entry(trace) {
        Entry::Occupied(held) => held.into_mut(),
        Entry::Vacant(place) => {
            let mut work = TraceWork::new(project, *change.trace_id.as_bytes());
            work.known(trace, row.try_get(9).map_err(from_sqlx)?, Home::read(row, 10)?)?;
            place.insert(work)
        }
    };
    work.stored(span, Stored::read(row, 0)?)?;
    work.derive(span, start_ns, data);
    Ok(Some(past))
}

fn trace_id(bytes: &[u8]) -> Result<TraceId, StoreError> {
    TraceId::from_slice(bytes).map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))
}

#[async_trait]
impl ChargeStore for SqliteEvents {
    async fn stored_until(&self) -> Result<u64, StoreError> {
        let last: i64 = sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM span")
            .fetch_one(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        Ok(u64::try_from(last).unwrap_or(0))
    }

    async fn charged_spans(
        &self,
        project: ProjectId,
        range: TimeRange,
        after: u64,
        until: u64,
    ) -> Result<ChargePage, StoreError> {
        self.reader.charged_spans(project, range, after, until).await
    }

    async fn recharge(&self, batch: RechargeBatch) -> Result<Recharged, StoreError> {
        self.order(|answer| Order::Recharge(batch, answer)).await
    }

    async fn past_costs(&self, project: ProjectId, trace: TraceId, span: SpanId) -> Result<Vec<PastCost>, StoreError> {
        self.reader.past_costs(project, trace, span).await
    }

    async fn unpriced(&self, project: ProjectId, limit: u16) -> Result<Vec<UnpricedModel>, StoreError> {
        self.reader.unpriced(project, limit).await
    }
}

impl Reader {
    async fn charged_spans(
        &self,
        project: ProjectId,
        range: TimeRange,
        after: u64,
        until: u64,
    ) -> Result<ChargePage, StoreError> {
        let to = until.min(after.saturating_add(PAGE));
        let mut page = ChargePage { spans: Vec::new(), looked_at: to.saturating_sub(after), at: to.max(after) };
        let Some(project) = self.project(project).await? else { return Ok(page) };
        let number = |at: u64| i64::try_from(at).unwrap_or(i64::MAX);
        // NOT INDEXED: by row number, which is the order of arrival.
        let rows = sqlx::query(
            "SELECT span.span_id, span.start_ns, span.data, trace.trace_id FROM span NOT INDEXED \
             CROSS JOIN trace ON trace.id = span.trace \
             WHERE span.seq > ? AND span.seq <= ? AND span.project = ? AND span.start_ns >= ? AND span.start_ns < ? \
             ORDER BY span.seq",
        )
        .bind(number(after))
        .bind(number(to))
        .bind(project)
        .bind(range.from.to_ns().0)
        .bind(range.to.to_ns().0)
        .fetch_all(&self.pool)
        .await
        .map_err(from_sqlx)?;
        for row in &rows {
            page.spans.extend(charged_span(row)?);
        }
        Ok(page)
    }

    async fn past_costs(&self, project: ProjectId, trace: TraceId, span: SpanId) -> Result<Vec<PastCost>, StoreError> {
        let rows = sqlx::query(
            "SELECT past_cost.job, past_cost.at_us, past_cost.data FROM project \
             CROSS JOIN trace ON trace.project = project.id AND trace.trace_id = ?2 \
             CROSS JOIN span ON span.trace = trace.id AND span.span_id = ?3 \
             CROSS JOIN past_cost ON past_cost.seq = span.seq WHERE project.uuid = ?1 \
             ORDER BY past_cost.at_us, past_cost.job",
        )
        .bind(project.0.as_bytes().to_vec())
        .bind(&trace.as_bytes()[..])
        .bind(span_column(span_number(span)))
        .fetch_all(&self.pool)
        .await
        .map_err(from_sqlx)?;
        let past = |row: &SqliteRow| {
            let job = Uuid::from_slice(row.try_get(0).map_err(from_sqlx)?).map_err(StoreError::backend)?;
            let (amounts, charge) = charge::unpack_past(row.try_get(2).map_err(from_sqlx)?)?;
            Ok(PastCost { job: JobId(job), at_us: TimeUs(row.try_get(1).map_err(from_sqlx)?), amounts, charge })
        };
        rows.iter().map(past).collect()
    }

    async fn unpriced(&self, project: ProjectId, limit: u16) -> Result<Vec<UnpricedModel>, StoreError> {
        let Some(project) = self.project(project).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT model, provider, reason, spans, last_us FROM unpriced WHERE project = ? \
             ORDER BY spans DESC, model, provider, reason LIMIT ?",
        )
        .bind(project)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await
        .map_err(from_sqlx)?;
        let text = |row: &SqliteRow, column: usize| {
            let text: String = row.try_get(column).map_err(from_sqlx)?;
            Ok::<_, StoreError>(Some(text).filter(|text| !text.is_empty()))
        };
        let model = |row: &SqliteRow| {
            let reason: &str = row.try_get(2).map_err(from_sqlx)?;
            Ok(UnpricedModel {
                model: text(row, 0)?,
                provider: text(row, 1)?,
                reason: serde_json::from_str(reason)
                    .map_err(|error| StoreError::Corrupt(format!("why a model has no price: {error}")))?,
                spans: u64::try_from(row.try_get::<i64, _>(3).map_err(from_sqlx)?).unwrap_or(0),
                last_us: TimeUs(row.try_get(4).map_err(from_sqlx)?),
            })
        };
        rows.iter().map(model).collect()
    }
}

/// A row of `span_id, start_ns, data, trace_id` as far as its cost goes; `None` without tokens.
fn charged_span(row: &SqliteRow) -> Result<Option<ChargedSpan>, StoreError> {
    let span = span_from_column(row.try_get(0).map_err(from_sqlx)?);
    let start_ns: i64 = row.try_get(1).map_err(from_sqlx)?;
    let narrow = record::unpack(row.try_get(2).map_err(from_sqlx)?, span, start_ns)?;
    let Some(tokens) = narrow.tokens else { return Ok(None) };
    Ok(Some(ChargedSpan {
        trace_id: trace_id(row.try_get(3).map_err(from_sqlx)?)?,
        span_id: record::span_id(span)?,
        version: narrow.version,
        kind: narrow.kind,
        start_ns: TimeNs(start_ns),
        model: narrow.model.map(str::to_owned),
        tokens,
        amounts: Amounts {
            total: narrow.cost.map(NanoUsd),
            input: narrow.input_cost.map(NanoUsd),
            output: narrow.output_cost.map(NanoUsd),
        },
        charge: narrow.charge()?,
    }))
}
