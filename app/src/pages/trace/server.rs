//! Server functions of the trace page.

use leptos::prelude::*;

use super::model::{SpanDetail, TraceView};
use crate::{error::AppError, wire::Question};

/// A trace with its first spans and scores.
#[server(protocol = Question)]
pub async fn open_trace(project: String, id: String) -> Result<TraceView, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let id = context::parse("trace", &id)?;
    let open = visit.services.traces.open(&visit.actor, visit.project.id, id).await.map_err(context::refusal)?;
    Ok(super::read::view(open))
}

/// Input, output and the rest of one span, of the root when none is chosen; `None` for a trace without spans.
#[server(protocol = Question)]
pub async fn open_span(project: String, trace: String, span: Option<String>) -> Result<Option<SpanDetail>, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let (traces, actor, project) = (&visit.services.traces, &visit.actor, visit.project.id);
    let trace = context::parse("trace", &trace)?;
    let chosen = if let Some(span) = span {
        Some(context::parse("span", &span)?)
    } else {
        let spans = traces.spans(actor, project, trace, None).await.map_err(context::refusal)?;
        super::read::root(&spans).map(|root| root.row.span_id)
    };
    let Some(span) = chosen else { return Ok(None) };
    let payload = traces.payload(actor, project, trace, span).await.map_err(context::refusal)?;
    let past = visit.services.prices.past_costs(actor, project, trace, span).await.map_err(context::refusal)?;
    Ok(Some(super::read::detail(payload, past)))
}
