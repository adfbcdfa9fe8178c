//! Server function of the list of traces.

use leptos::prelude::*;

use super::model::{TracesPage, TracesQuery};
use crate::{error::AppError, wire::Question};

/// One page of traces, newest first.
#[server(protocol = Question)]
pub async fn list_traces(project: String, #[server(default)] query: TracesQuery) -> Result<TracesPage, AppError> {
    use domain::page::PageSize;

    use crate::context;

    let visit = context::visit(&project).await?;
    let choice = super::read::choice(&query)?;
    let filter = super::read::filter(&query, choice, visit.now)?;
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
        range: choice.into(),
        now_us: visit.now.0,
        any,
    })
}
