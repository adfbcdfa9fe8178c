//! Sorting stored spans into segments anew, a bounded step at a time, after a project's attribute has changed.
//!
//! A job says which spans have to be looked at. Each step derives the segments of some of them from what is stored, writes those
//! that differ the way a changed span is written, and so leaves journal entries for the fold.

use std::collections::{BTreeMap, btree_map::Entry};

use domain::{ids::TraceId, segment::SegmentAttribute, time::TimeUs};
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteRow};
use store::{
    StoreError,
    event::{SpanPayload, segment_of},
};

use super::{
    append::Memory, home::Home, payload, prepare::PreparedSpan, record, stored::Stored, trace::TraceWork,
    writes::Writes,
};
use crate::error::from_sqlx;

/// Spans looked at in one step.
const SPANS: i64 = 2_000;

/// Changes the attribute of a project, and has its spans looked at when it is another one.
pub(super) async fn choose(
    connection: &mut SqliteConnection,
    memory: &mut Memory,
    project: domain::ids::ProjectId,
    attribute: Option<&SegmentAttribute>,
) -> Result<(), StoreError> {
    let attribute = attribute.map(ToString::to_string);
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let project = memory.dictionary.project(&mut transaction, project).await?;
    if memory.dictionary.segmented_by(&mut transaction, project).await?.map(str::to_owned) != attribute {
        sqlx::query("UPDATE project SET segment_by = ? WHERE id = ?")
            .bind(attribute)
            .bind(project)
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
        look_again(&mut transaction, project, 0, memory.last_span).await?;
    }
    transaction.commit().await.map_err(from_sqlx)?;
    memory.dictionary.forget_segments();
    memory.waiting = true;
    Ok(())
}

/// Has the spans of a project beyond `done` and up to `until` looked at, besides what is already to be looked at.
pub(super) async fn look_again(
    connection: &mut SqliteConnection,
    project: i64,
    done: i64,
    until: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO segment_job (project, done, until) VALUES (?, ?, ?) ON CONFLICT (project) DO UPDATE SET \
         done = min(done, excluded.done), until = max(until, excluded.until)",
    )
    .bind(project)
    .bind(done)
    .bind(until)
    .execute(connection)
    .await
    .map_err(from_sqlx)?;
    Ok(())
}

/// A span of a batch that was told apart by another attribute than the present one: without its segment, which
/// [`look_again`] finds.
pub(super) fn without_segment(span: &PreparedSpan) -> Result<PreparedSpan, StoreError> {
    let narrow = record::unpack(&span.data, span.span, span.start_ns)?;
    let mut row = narrow.to_row(trace_id(&span.trace_id)?)?;
    row.derived.segment = None;
    Ok(PreparedSpan {
        trace_id: span.trace_id,
        span: span.span,
        start_ns: span.start_ns,
        version: span.version,
        data: record::pack(&row, narrow.version, TimeUs(narrow.received_us)),
        payload: span.payload.clone(),
    })
}

fn trace_id(bytes: &[u8]) -> Result<TraceId, StoreError> {
    TraceId::from_slice(bytes).map_err(|_| StoreError::Corrupt("a trace's id cannot be read".to_owned()))
}

/// Does some of a job. Says whether there was one.
pub(super) async fn step(connection: &mut SqliteConnection, memory: &mut Memory) -> Result<bool, StoreError> {
    let job: Option<(i64, i64, i64, Option<String>)> = sqlx::query_as(
        "SELECT segment_job.project, done, until, project.segment_by FROM segment_job \
         JOIN project ON project.id = segment_job.project LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let Some((project, done, until, attribute)) = job else { return Ok(false) };
    let attribute: Option<SegmentAttribute> = attribute
        .map(|text| text.parse())
        .transpose()
        .map_err(|error| StoreError::Corrupt(format!("the segment attribute of a project: {error}")))?;
    let to = until.min(done.saturating_add(SPANS));
    let rows = sqlx::query(
        "SELECT span.seq, span.start_ns, span.prompt, span.version, span.segment, span.data, span.span_id, payload.data, \
         trace.id, trace.trace_id, trace.data, trace.unit_group, trace.segment FROM span NOT INDEXED \
         CROSS JOIN payload ON payload.seq = span.seq CROSS JOIN trace ON trace.id = span.trace \
         WHERE span.seq > ? AND span.seq <= ? AND span.project = ? ORDER BY span.seq",
    )
    .bind(done)
    .bind(to)
    .bind(project)
    .fetch_all(&mut *connection)
    .await
    .map_err(from_sqlx)?;
    let mut traces: BTreeMap<i64, TraceWork> = BTreeMap::new();
    for row in &rows {
        derive(row, project, attribute.as_ref(), &mut traces)?;
    }
    let mut writes = Writes::default();
    for trace in traces.values_mut() {
        trace.settle(connection, memory, &mut writes).await?;
    }
    writes.run(connection).await?;
    let finish = if to >= until {
        sqlx::query("DELETE FROM segment_job WHERE project = ?").bind(project)
    } else {
        sqlx::query("UPDATE segment_job SET done = ? WHERE project = ?").bind(to).bind(project)
    };
    finish.execute(connection).await.map_err(from_sqlx)?;
    Ok(true)
}

/// Derives the segment of one stored span, and puts it into the work on its trace when something has to be written.
fn derive(
    row: &SqliteRow,
    project: i64,
    attribute: Option<&SegmentAttribute>,
    traces: &mut BTreeMap<i64, TraceWork>,
) -> Result<(), StoreError> {
    let get = |column: usize| row.try_get::<i64, _>(column).map_err(from_sqlx);
    let (start_ns, span) = (get(1)?, record::span_from_column(get(6)?));
    let narrow = record::unpack(row.try_get(5).map_err(from_sqlx)?, span, start_ns)?;
    let bytes: &[u8] = row.try_get(9).map_err(from_sqlx)?;
    let mut span_row = narrow.to_row(trace_id(bytes)?)?;
    let said = match attribute {
        None => None,
        Some(attribute) => {
            let json = payload::unpack(row.try_get(7).map_err(from_sqlx)?)?;
            let payload: SpanPayload = serde_json::from_slice(&json)
                .map_err(|error| StoreError::Corrupt(format!("the payload of a span: {error}")))?;
            segment_of(attribute, &span_row, &payload)
        }
    };
    // The same word under another attribute is another segment.
    if said.is_none() && narrow.segment.is_none() {
        return Ok(());
    }
    span_row.derived.segment = said;
    let data = record::pack(&span_row, narrow.version, TimeUs(narrow.received_us));
    let trace = get(8)?;
    let work = match traces.entry(trace) {
        Entry::Occupied(held) => held.into_mut(),
        Entry::Vacant(none) => {
            let key = <[u8; 16]>::try_from(bytes).map_err(StoreError::backend)?;
            let mut work = TraceWork::new(project, key);
            work.known(trace, row.try_get(10).map_err(from_sqlx)?, Home::read(row, 11)?)?;
            none.insert(work)
        }
    };
    work.stored(span, Stored::read(row, 0)?)?;
    work.derive(span, start_ns, data);
    Ok(())
}
