//! Server functions of the trace page.

use leptos::prelude::*;

use super::model::{ScoreDraft, ScoreKept, SpanDetail, TraceView};
use crate::{
    error::AppError,
    wire::{Command, Question},
};

/// A trace with its first spans and scores.
#[server(protocol = Question)]
pub async fn open_trace(project: String, id: String) -> Result<TraceView, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let id = context::parse("trace", &id)?;
    let (services, actor, project) = (&visit.services, &visit.actor, visit.project.id);
    let open = services.traces.open(actor, project, id).await.map_err(context::refusal)?;
    let configs = services.annotations.configs(actor, project).await.map_err(context::refusal)?;
    let may_score = visit.role >= domain::auth::Role::Analyst;
    Ok(super::read::view(open, configs, may_score))
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

/// Gives a score, or changes one given by hand.
#[server(protocol = Command)]
pub async fn give_score(project: String, trace: String, draft: ScoreDraft) -> Result<ScoreKept, AppError> {
    use domain::score::ScoreTarget;
    use services::annotations::Annotation;

    use crate::context;

    let visit = context::visit(&project).await?;
    let (services, actor, project) = (&visit.services, &visit.actor, visit.project.id);
    let trace: domain::ids::TraceId = context::parse("trace", &trace)?;
    // Also what keeps scores off traces that are not there.
    let open = services.traces.open(actor, project, trace).await.map_err(context::refusal)?;
    let before = open.scores.iter().find(|record| record.score.id.as_str() == draft.id);
    let before = before.map(|record| super::read::draft(&record.score));
    let target = if draft.span.is_empty() {
        ScoreTarget::Trace { trace }
    } else {
        ScoreTarget::Observation { trace, span: context::parse("span", &draft.span)? }
    };
    let given = Annotation {
        id: Some(draft.id).filter(|id| !id.is_empty()),
        target,
        name: draft.name,
        kind: super::read::kind(&draft.kind),
        value: draft.value,
        comment: draft.comment,
        environment: open.trace.environment,
        author: visit.email.clone(),
    };
    let score = services.annotations.give(actor, project, given).await.map_err(context::refusal)?;
    Ok(ScoreKept { id: score.id.to_string(), name: score.name.into(), before })
}

/// Takes a score back that was given by hand. Returns what it said, to give it again.
#[server(protocol = Command)]
pub async fn take_back_score(project: String, id: String) -> Result<ScoreDraft, AppError> {
    use crate::context;

    let visit = context::visit(&project).await?;
    let annotations = &visit.services.annotations;
    let score = annotations.take_back(&visit.actor, visit.project.id, &id).await.map_err(context::refusal)?;
    Ok(ScoreDraft { id: String::new(), ..super::read::draft(&score) })
}
