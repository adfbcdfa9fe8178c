//! A trace with everything in it, as the SDK-compatible read API shows it.

use std::collections::{HashMap, HashSet};

use domain::{
    auth::Actor,
    ids::{ProjectId, SpanId, TraceId},
};
use serde_json::{Map, Value};
use store::event::{ScoreRecord, SpanPayload, SpanRecord, TraceRecord};

use super::{OpenTrace, Traces};
use crate::ServiceError;

/// How many spans a whole trace has at most; larger ones are read page by page.
pub const WHOLE_SPANS: usize = 10_000;
/// Payloads are read in batches of this size.
const BATCH: usize = 200;

/// A trace with all its payloads.
#[derive(Clone, Debug, PartialEq)]
pub struct WholeTrace {
    /// The summary.
    pub trace: TraceRecord,
    /// Spans by start, each with its payload; at most [`WHOLE_SPANS`].
    pub spans: Vec<(SpanRecord, SpanPayload)>,
    /// Whether there are more.
    pub more: bool,
    /// Scores on it, its observations and its session.
    pub scores: Vec<ScoreRecord>,
    /// What went in: what a span says of the trace, else the input of its root.
    pub input: Option<Value>,
    /// What came out, likewise.
    pub output: Option<Value>,
    /// Metadata of the trace, merged by key.
    pub metadata: Map<String, Value>,
}

impl Traces {
    /// A trace with all that is in it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such trace.
    pub async fn whole(&self, actor: &Actor, project: ProjectId, id: TraceId) -> Result<WholeTrace, ServiceError> {
        self.whole_within(actor, project, id, WHOLE_SPANS).await
    }

    /// The same with at most this many spans, for lists.
    ///
    /// # Errors
    /// As [`Self::whole`].
    pub async fn whole_within(
        &self,
        actor: &Actor,
        project: ProjectId,
        id: TraceId,
        at_most: usize,
    ) -> Result<WholeTrace, ServiceError> {
        let OpenTrace { trace, spans: mut records, mut more, scores } = self.open(actor, project, id).await?;
        while more && records.len() < at_most {
            let after = records.last().map(|last| (last.row.start_ns.0, last.row.span_id));
            let next = self.spans(actor, project, id, after).await?;
            more = !next.is_empty();
            records.extend(next);
        }
        more = more || records.len() > at_most;
        records.truncate(at_most);
        let ids: Vec<SpanId> = records.iter().map(|record| record.row.span_id).collect();
        let mut payloads = HashMap::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            payloads.extend(self.payloads(actor, project, id, batch).await?);
        }
        let spans: Vec<(SpanRecord, SpanPayload)> = records
            .into_iter()
            .map(|record| {
                let payload = payloads.remove(&record.row.span_id).unwrap_or_default();
                (record, payload)
            })
            .collect();
        let said = Said::by(&spans);
        Ok(WholeTrace { trace, more, scores, input: said.input, output: said.output, metadata: said.metadata, spans })
    }
}

/// What the spans say about their trace. The last-ended span that says a thing wins, the application's root over all others.
#[derive(Debug, Default)]
struct Said {
    input: Option<Value>,
    output: Option<Value>,
    metadata: Map<String, Value>,
}

impl Said {
    fn by(spans: &[(SpanRecord, SpanPayload)]) -> Self {
        let mut in_order: Vec<&(SpanRecord, SpanPayload)> = spans.iter().collect();
        in_order.sort_by_key(|(record, _)| (record.row.app_root, record.row.end_ns, record.row.span_id));
        let mut said = Self::default();
        for (_, payload) in in_order {
            for (key, value) in &payload.trace_metadata {
                said.metadata.insert(key.clone(), value.clone());
            }
            said.input = payload.trace_input.clone().or(said.input);
            said.output = payload.trace_output.clone().or(said.output);
        }
        if let Some((_, root)) = root(spans) {
            said.input = said.input.or_else(|| root.input.clone());
            said.output = said.output.or_else(|| root.output.clone());
        }
        said
    }
}

/// The application's root, else the earliest span whose parent is not here.
fn root(spans: &[(SpanRecord, SpanPayload)]) -> Option<&(SpanRecord, SpanPayload)> {
    let known: HashSet<SpanId> = spans.iter().map(|(record, _)| record.row.span_id).collect();
    let parentless = |record: &SpanRecord| record.row.parent_id.is_none_or(|parent| !known.contains(&parent));
    spans.iter().find(|(record, _)| record.row.app_root).or_else(|| spans.iter().find(|(record, _)| parentless(record)))
}
