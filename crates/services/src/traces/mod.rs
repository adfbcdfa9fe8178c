//! Traces as people and programs read them: lists by page, one trace with its spans and scores, payloads on demand.

mod condition;
mod cursor;
mod gathered;
mod observations;
mod search;
mod whole;

use std::sync::Arc;

pub use condition::{DurationAsked, ScoreAsked};
use domain::{
    auth::{Actor, Permission},
    ids::{ProjectId, SpanId, TraceId},
    page::{Page, PageSize},
    time::TimeNs,
};
pub use gathered::{GatheredPage, Turn};
pub use observations::{Observation, ObservationFilter, Payloads};
pub use search::{OpenSession, TraceSearch};
pub use store::event::{
    Activity, Gather, Gathered, GatheredTotals, ResolvedLink, ScoreCondition, ScoreRecord, ScoreTest, SpanPayload,
    SpanRecord, SpanRow, TraceFilter, TraceRecord, Words,
};
use store::event::{TraceKey, TraceSlice};
pub use whole::{WHOLE_SPANS, WholeTrace};

use crate::{Context, ServiceError, context::authorize};

/// How many spans [`Traces::open`] brings along; more are read with [`Traces::spans`].
pub const FIRST_SPANS: u32 = 1_000;

/// A trace opened: its summary, its first spans, its scores.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenTrace {
    /// The summary.
    pub trace: TraceRecord,
    /// Spans by start, then id; at most [`FIRST_SPANS`].
    pub spans: Vec<SpanRecord>,
    /// Whether there are more spans.
    pub more: bool,
    /// Scores on it, its observations and its session.
    pub scores: Vec<ScoreRecord>,
}

/// A page of the list of traces.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceList {
    /// Newest first.
    pub page: Page<TraceRecord>,
    /// Set when the page ended early, because a condition has no index and as many traces were looked at as one question
    /// may: traces that began before this were not. The next page goes on there.
    pub looked_back_to: Option<TimeNs>,
}

/// Reads traces.
#[derive(Clone)]
pub struct Traces {
    context: Arc<Context>,
}

impl Traces {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context }
    }

    /// Traces newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a cursor of another list, or a version without a prompt.
    pub async fn list(
        &self,
        actor: &Actor,
        project: ProjectId,
        filter: &TraceFilter,
        cursor: Option<&str>,
        size: PageSize,
    ) -> Result<TraceList, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        if filter.version.is_some() && filter.prompt.is_none() {
            return Err(ServiceError::field("version", "a version means nothing without its prompt; add `prompt`"));
        }
        let after = cursor.map(cursor::read).transpose()?;
        // One row more than asked tells whether there is a next page.
        let TraceSlice { traces: mut items, mut reached } =
            self.context.events.traces(project, filter, after, size.rows() + 1).await?;
        let mut end = reached;
        if items.len() > usize::from(size.rows()) {
            items.truncate(usize::from(size.rows()));
            end = items.last().map(TraceKey::of);
            reached = None;
        }
        let page = Page { items, next: end.map(cursor::write) };
        Ok(TraceList { page, looked_back_to: reached.map(|reached| reached.start_ns) })
    }

    /// The words a project has used: what its lists can be filtered by.
    ///
    /// # Errors
    /// As authorisation decides.
    pub async fn words(&self, actor: &Actor, project: ProjectId) -> Result<Words, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.events.words(project).await?)
    }

    /// Opens one trace.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such trace.
    pub async fn open(&self, actor: &Actor, project: ProjectId, id: TraceId) -> Result<OpenTrace, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        let trace = self
            .context
            .events
            .trace(project, id)
            .await?
            .ok_or_else(|| ServiceError::NotFound { entity: "trace", id: id.to_string() })?;
        let (mut spans, scores) = tokio::try_join!(
            self.context.events.spans(project, id, None, FIRST_SPANS + 1),
            self.context.events.scores(project, id),
        )?;
        let more = spans.len() > FIRST_SPANS as usize;
        spans.truncate(FIRST_SPANS as usize);
        Ok(OpenTrace { trace, spans, more, scores })
    }

    /// Further spans of a trace, strictly after `after` by start, then id.
    ///
    /// # Errors
    /// As authorisation decides.
    pub async fn spans(
        &self,
        actor: &Actor,
        project: ProjectId,
        id: TraceId,
        after: Option<(i64, SpanId)>,
    ) -> Result<Vec<SpanRecord>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.events.spans(project, id, after, FIRST_SPANS).await?)
    }

    /// Input, output and the rest of one span.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the project has no such span.
    pub async fn payload(
        &self,
        actor: &Actor,
        project: ProjectId,
        trace: TraceId,
        span: SpanId,
    ) -> Result<SpanPayload, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        self.context
            .events
            .payload(project, trace, span)
            .await?
            .ok_or_else(|| ServiceError::NotFound { entity: "span", id: span.to_string() })
    }

    /// Payloads of several spans of one trace, at most 200; absent ones are left out.
    ///
    /// # Errors
    /// As authorisation decides.
    pub async fn payloads(
        &self,
        actor: &Actor,
        project: ProjectId,
        trace: TraceId,
        spans: &[SpanId],
    ) -> Result<Vec<(SpanId, SpanPayload)>, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.events.payloads(project, trace, spans).await?)
    }

    /// What has arrived so far, for the set-up checklist.
    ///
    /// # Errors
    /// As authorisation decides.
    pub async fn activity(&self, actor: &Actor, project: ProjectId) -> Result<Activity, ServiceError> {
        authorize(actor, project, Permission::Read)?;
        Ok(self.context.events.activity(project).await?)
    }
}
