//! Spans as a list over traces, as SDKs read them: newest trace first, each trace's spans by start.

use std::sync::Arc;

use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, SpanId, TraceId},
    page::{Page, PageSize},
    time::{TimeRange, TimeUs},
    trace::{Level, SpanKind},
};
use store::event::{SpanPayload, SpanRecord, TraceFilter, TraceKey, TraceRecord};

use super::Traces;
use crate::{
    ServiceError,
    context::authorize,
    sieve::{Numbered, Sieve},
};

/// How long before a span its trace may have begun and still be looked through for it.
const BEFORE_US: i64 = 86_400_000_000;
/// Traces read at once.
const TRACES: u16 = 50;
/// Spans read at once.
const SPANS: u32 = 500;
/// Payloads read at once.
const PAYLOADS: usize = 200;

/// Which spans to list. Every condition given has to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObservationFilter {
    /// In this trace.
    pub trace: Option<TraceId>,
    /// Of this name.
    pub name: Option<String>,
    /// In a trace of this user.
    pub user: Option<String>,
    /// In a trace of this session.
    pub session: Option<String>,
    /// Of this kind.
    pub kind: Option<SpanKind>,
    /// Of this level.
    pub level: Option<Level>,
    /// Right below this span.
    pub parent: Option<SpanId>,
    /// A root, or none: without a parent, or marked as the application's root.
    pub root: Option<bool>,
    /// In one of these environments.
    pub environments: Vec<String>,
    /// Of this version of the application.
    pub version: Option<String>,
    /// Began at this instant or later.
    pub from: Option<TimeUs>,
    /// Began before this instant.
    pub to: Option<TimeUs>,
}

/// A span with what stands around it.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Its trace.
    pub trace: Arc<TraceRecord>,
    /// Itself.
    pub record: SpanRecord,
    /// Its payload; empty when it was not asked for.
    pub payload: SpanPayload,
}

/// Whether payloads are read too.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Payloads {
    /// They are.
    Read,
    /// They are left empty.
    Skip,
}

/// Where a page ended.
#[derive(Clone, Copy, Debug)]
struct Place {
    trace: TraceId,
    start_ns: i64,
    span: SpanId,
}

type Found = (Arc<TraceRecord>, SpanRecord);

impl Traces {
    /// One span, by its id alone.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], also when the span's trace is far down the list of traces.
    pub async fn observation(
        &self,
        actor: &Actor,
        project: ProjectId,
        id: SpanId,
    ) -> Result<Observation, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let missing = || ServiceError::NotFound { entity: "observation", id: id.to_string() };
        let events = &self.context.events;
        let trace_id = events.trace_of_span(project, id).await?.ok_or_else(missing)?;
        let trace = events.trace(project, trace_id).await?.ok_or_else(missing)?;
        let trace = Arc::new(trace);
        let mut after = None;
        loop {
            let spans = events.spans(project, trace_id, after, SPANS).await?;
            let last = spans.last().ok_or_else(missing)?;
            after = Some((last.row.start_ns.0, last.row.span_id));
            if let Some(record) = spans.into_iter().find(|record| record.row.span_id == id) {
                let payload = events.payload(project, trace_id, id).await?.unwrap_or_default();
                return Ok(Observation { trace, record, payload });
            }
        }
    }

    /// The trace a span is in, for senders that name the span alone.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`], also when the trace is far down the list.
    pub async fn trace_of(&self, actor: &Actor, project: ProjectId, id: SpanId) -> Result<TraceId, ServiceError> {
        authorize(actor, project, Permission::Ingest)?;
        let found = self.context.events.trace_of_span(project, id).await?;
        found.ok_or_else(|| ServiceError::NotFound { entity: "observation", id: id.to_string() })
    }

    /// Spans by cursor.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor of another list.
    pub async fn observations(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &ObservationFilter,
        cursor: Option<&str>,
        size: PageSize,
        payloads: Payloads,
    ) -> Result<Page<Observation>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let after = cursor.map(Place::read).transpose()?;
        let (found, next) = self.sift_spans(project, filter, after, Sieve::first(size)).await?.by_key();
        Ok(Page { items: self.with_payloads(project, found, payloads).await?, next: next.map(Place::write) })
    }

    /// Spans with their payloads, by page number.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for page 0, and for one too far down.
    pub async fn observations_numbered(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &ObservationFilter,
        page: u32,
        size: PageSize,
    ) -> Result<Numbered<Observation>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let found = self.sift_spans(project, filter, None, Sieve::numbered(page, size)?).await?.by_number();
        let Numbered { items, page, limit, total_items, total_pages } = found;
        let items = self.with_payloads(project, items, Payloads::Read).await?;
        Ok(Numbered { items, page, limit, total_items, total_pages })
    }

    async fn sift_spans(
        &self,
        project: ProjectId,
        filter: &ObservationFilter,
        after: Option<Place>,
        mut sieve: Sieve<Place, Found>,
    ) -> Result<Sieve<Place, Found>, ServiceError> {
        let events = &self.context.events;
        // The trace a cursor, or the question, points into comes first.
        let first = after.map(|place| place.trace).or(filter.trace);
        let mut reached = None;
        if let Some(id) = first
            && let Some(trace) = events.trace(project, id).await?
        {
            reached = Some(TraceKey::of(&trace));
            if filter.admits_trace(&trace) {
                let after = after.map(|place| (place.start_ns, place.span));
                self.sift_trace(project, filter, Arc::new(trace), after, &mut sieve).await?;
            }
        }
        if filter.trace.is_some() {
            return Ok(sieve);
        }
        let traces = filter.traces();
        while sieve.wants_more() {
            let batch = events.traces(project, &traces, reached, TRACES).await?;
            let Some(end) = batch.end() else { break };
            reached = Some(end);
            for trace in batch.traces {
                if sieve.wants_more() {
                    self.sift_trace(project, filter, Arc::new(trace), None, &mut sieve).await?;
                }
            }
        }
        Ok(sieve)
    }

    async fn sift_trace(
        &self,
        project: ProjectId,
        filter: &ObservationFilter,
        trace: Arc<TraceRecord>,
        mut after: Option<(i64, SpanId)>,
        sieve: &mut Sieve<Place, Found>,
    ) -> Result<(), ServiceError> {
        while sieve.wants_more() {
            let spans = self.context.events.spans(project, trace.trace_id, after, SPANS).await?;
            let Some(last) = spans.last() else { break };
            after = Some((last.row.start_ns.0, last.row.span_id));
            let whole = spans.len() < SPANS as usize;
            for record in spans {
                let row = &record.row;
                let place = Place { trace: row.trace_id, start_ns: row.start_ns.0, span: row.span_id };
                let keep = filter.admits(&record);
                if !sieve.look(place, (Arc::clone(&trace), record), keep) {
                    return Ok(());
                }
            }
            if whole {
                break;
            }
        }
        Ok(())
    }

    async fn with_payloads(
        &self,
        project: ProjectId,
        found: Vec<Found>,
        payloads: Payloads,
    ) -> Result<Vec<Observation>, ServiceError> {
        let mut observations: Vec<Observation> = found
            .into_iter()
            .map(|(trace, record)| Observation { trace, record, payload: SpanPayload::default() })
            .collect();
        if payloads == Payloads::Skip {
            return Ok(observations);
        }
        // Spans of one trace stand together.
        for together in observations.chunk_by_mut(|one, next| one.trace.trace_id == next.trace.trace_id) {
            let Some(trace) = together.first().map(|one| one.trace.trace_id) else { continue };
            for batch in together.chunks_mut(PAYLOADS) {
                let ids: Vec<SpanId> = batch.iter().map(|one| one.record.row.span_id).collect();
                let read = self.context.events.payloads(project, trace, &ids).await?;
                let mut read = read.into_iter().peekable();
                for one in batch {
                    // Both are in one order; a payload that is missing is passed over.
                    if let Some((_, payload)) = read.next_if(|(id, _)| *id == one.record.row.span_id) {
                        one.payload = payload;
                    }
                }
            }
        }
        Ok(observations)
    }
}

impl Place {
    fn write(self) -> String {
        format!("{}.{}.{}", self.trace, self.start_ns, self.span)
    }

    fn read(text: &str) -> Result<Self, ServiceError> {
        let mut parts = text.split('.');
        let place = (|| {
            let place = Self {
                trace: parts.next()?.parse().ok()?,
                start_ns: parts.next()?.parse().ok()?,
                span: parts.next()?.parse().ok()?,
            };
            parts.next().is_none().then_some(place)
        })();
        place.ok_or_else(|| {
            ServiceError::field("cursor", "not a cursor of this list; pass back the one of the page before as it was")
        })
    }
}

impl ObservationFilter {
    /// The traces that can hold such spans.
    fn traces(&self) -> TraceFilter {
        let range = (self.from.is_some() || self.to.is_some()).then(|| TimeRange {
            from: TimeUs(self.from.map_or(i64::MIN / 1000, |from| from.0.saturating_sub(BEFORE_US))),
            to: self.to.unwrap_or(TimeUs(i64::MAX / 1000)),
        });
        TraceFilter { range, user_id: self.user.clone(), session_id: self.session.clone(), ..TraceFilter::default() }
    }

    fn admits_trace(&self, trace: &TraceRecord) -> bool {
        let same = |asked: &Option<String>, said: &Option<String>| asked.is_none() || asked == said;
        same(&self.user, &trace.user_id) && same(&self.session, &trace.session_id)
    }

    fn admits(&self, record: &SpanRecord) -> bool {
        let row = &record.row;
        let start = row.start_ns.to_us();
        self.name.as_ref().is_none_or(|name| *name == row.name)
            && self.kind.is_none_or(|kind| kind == row.kind)
            && self.level.is_none_or(|level| level == row.level)
            && self.parent.is_none_or(|parent| row.parent_id == Some(parent))
            && self.root.is_none_or(|root| root == (row.parent_id.is_none() || row.app_root))
            && (self.environments.is_empty() || self.environments.contains(&row.environment))
            && self.version.as_ref().is_none_or(|version| row.trace.version.as_ref() == Some(version))
            && self.from.is_none_or(|from| start >= from)
            && self.to.is_none_or(|to| start < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_and_anything_else_is_refused() {
        let text = "000000000000000000000000000000ff.-5.00000000000000aa";
        assert_eq!(Place::read(text).unwrap().write(), text);
        for wrong in ["", "..", "x.1.00000000000000aa", "000000000000000000000000000000ff.1", &format!("{text}.1")] {
            assert!(Place::read(wrong).is_err(), "{wrong}");
        }
    }
}
