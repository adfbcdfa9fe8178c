//! Spans found by other ways than their trace's id.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::{
    ids::{ProjectId, SpanId, TraceId},
    time::TimeRange,
    trace::PromptLink,
};
use sqlx::Row as _;
use store::{
    StoreError,
    event::{SpanList, SpanRecord, TRACES_LOOKED_THROUGH},
};

use super::{
    SqliteEvents,
    dictionary::WordKind,
    read::{span_record, trace_id},
    record::{span_column, span_number},
};
use crate::error::from_sqlx;

/// The list inside reads one index; the span is one step into another for each trace, and the first one found is the newest.
const TRACE_OF_SPAN: &str = "SELECT newest.trace_id FROM ( \
         SELECT id, trace_id FROM trace INDEXED BY trace_list WHERE project = ?1 \
         ORDER BY start_ns DESC, trace_id DESC LIMIT ?3 \
     ) AS newest CROSS JOIN span ON span.trace = newest.id AND span.span_id = ?2 LIMIT 1";
const GENERATIONS: &str = "SELECT span.span_id, span.start_ns, span.prompt, span.version, span.data, trace.trace_id \
     FROM span INDEXED BY span_link CROSS JOIN trace ON trace.id = span.trace \
     WHERE span.prompt = ? AND span.version = ? AND span.start_ns >= ? AND span.start_ns < ? \
     ORDER BY span.start_ns DESC, span.seq DESC LIMIT ?";

/// The questions of this module, for the test that looks at their plans.
#[cfg(test)]
pub(super) const QUESTIONS: [&str; 2] = [TRACE_OF_SPAN, GENERATIONS];

#[async_trait]
impl SpanList for SqliteEvents {
    async fn trace_of_span(&self, project: ProjectId, span: SpanId) -> Result<Option<TraceId>, StoreError> {
        let Some(project) = self.reader.project(project).await? else { return Ok(None) };
        let found: Option<Vec<u8>> = sqlx::query_scalar(TRACE_OF_SPAN)
            .bind(project)
            .bind(span_column(span_number(span)))
            .bind(i64::from(TRACES_LOOKED_THROUGH))
            .fetch_optional(&self.reader.pool)
            .await
            .map_err(from_sqlx)?;
        found.as_deref().map(trace_id).transpose()
    }

    async fn generations(
        &self,
        project: ProjectId,
        link: Option<&PromptLink>,
        range: TimeRange,
        limit: u16,
    ) -> Result<Vec<SpanRecord>, StoreError> {
        let reader = &self.reader;
        let Some(project) = reader.project(project).await? else { return Ok(Vec::new()) };
        // What counts for no version counts for the empty name.
        let (name, version) = link.map_or(("", 0), |link| (link.name.as_str(), link.version));
        let Some(prompt) = reader.word(project, WordKind::Prompt, name).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(GENERATIONS)
            .bind(prompt)
            .bind(i64::from(version))
            .bind(range.from.to_ns().0)
            .bind(range.to.to_ns().0)
            .bind(i64::from(limit))
            .fetch_all(&reader.pool)
            .await
            .map_err(from_sqlx)?;
        let names = reader.names(&BTreeSet::from([prompt])).await?;
        let record = |row| span_record(row, trace_id(row.try_get(5).map_err(from_sqlx)?)?, &names);
        rows.iter().map(record).collect()
    }
}
