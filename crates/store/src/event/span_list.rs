use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    time::TimeRange,
    trace::PromptLink,
};

use super::SpanRecord;
use crate::StoreError;

/// How many of a project's newest traces [`SpanList::trace_of_span`] looks through.
pub const TRACES_LOOKED_THROUGH: u32 = 200_000;

/// Spans found by other ways than their trace's id.
#[async_trait]
pub trait SpanList: Send + Sync {
    /// The newest trace that has a span with this id, among the newest [`TRACES_LOOKED_THROUGH`].
    async fn trace_of_span(&self, project: ProjectId, span: SpanId) -> Result<Option<TraceId>, StoreError>;

    /// Generations that count for a prompt version, or for none, and began inside a range; newest first, at most `limit`.
    async fn generations(
        &self,
        project: ProjectId,
        link: Option<&PromptLink>,
        range: TimeRange,
        limit: u16,
    ) -> Result<Vec<SpanRecord>, StoreError>;
}
