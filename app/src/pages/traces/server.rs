//! Server function of the list of traces.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::model::{TracesPage, TracesQuery};
use crate::error::AppError;

/// One page of traces, newest first.
#[server(input = GetUrl)]
pub async fn list_traces(project: String, #[server(default)] query: TracesQuery) -> Result<TracesPage, AppError> {
    use domain::page::PageSize;

    use crate::context;

    let visit = context::visit(&project).await?;
    let filter = super::read::filter(&query, visit.now)?;
    let traces = &visit.services.traces;
    let page = traces
        .list(&visit.actor, visit.project.id, &filter, query.cursor.as_deref(), PageSize::default())
        .await
        .map_err(context::refusal)?;
    let any = !page.items.is_empty()
        || traces.activity(&visit.actor, visit.project.id).await.map_err(context::refusal)?.last_span_us.is_some();
    Ok(TracesPage {
        lines: page.items.into_iter().map(super::read::line).collect(),
        next: page.next,
        now_us: visit.now.0,
        any,
    })
}
