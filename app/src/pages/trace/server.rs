//! Server functions of the trace page.

use leptos::{prelude::*, server_fn::codec::GetUrl};

use super::model::{SpanDetail, TraceView};
use crate::error::AppError;

/// A trace with its first spans and scores.
#[server(input = GetUrl)]
pub async fn open_trace(project: String, id: String) -> Result<TraceView, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let id = context::parse("trace", &id)?;
    let open = visit.services.traces.open(&visit.actor, visit.project.id, id).await.map_err(context::refusal)?;
    Ok(super::read::view(open))
}

/// Input, output and the rest of one span.
#[server(input = GetUrl)]
pub async fn open_span(project: String, trace: String, span: String) -> Result<SpanDetail, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let (trace, span) = (context::parse("trace", &trace)?, context::parse("span", &span)?);
    let payload =
        visit.services.traces.payload(&visit.actor, visit.project.id, trace, span).await.map_err(context::refusal)?;
    Ok(super::read::detail(payload))
}
