//! Between the list's address and `services`. Server only.

use std::{fmt::Display, str::FromStr};

use domain::{
    page::PageSize,
    time::{RangeChoice, TimeUs},
};
use services::{
    ServiceError,
    traces::{DurationAsked, ScoreAsked, TraceFilter, TraceRecord},
};

use super::model::{DEFAULT_RANGE, TraceLine, TraceLines, TracesPage, TracesQuery};
use crate::{
    context::{self, Visit},
    error::AppError,
    range,
};

pub(super) async fn page(visit: &Visit, query: &TracesQuery) -> Result<TracesPage, AppError> {
    let choice = choice(query)?;
    let list = lines(visit, query).await?;
    let words = visit.services.traces.words(&visit.actor, visit.project.id).await.map_err(context::refusal)?;
    Ok(TracesPage {
        list,
        range: choice.into(),
        prompts: words.prompts,
        models: words.models,
        environments: words.environments,
        scores: words.scores,
    })
}

pub(super) async fn lines(visit: &Visit, query: &TracesQuery) -> Result<TraceLines, AppError> {
    let filter = filter(query, choice(query)?, visit.now)?;
    let traces = &visit.services.traces;
    let list = traces
        .list(&visit.actor, visit.project.id, &filter, query.cursor.as_deref(), PageSize::default())
        .await
        .map_err(context::refusal)?;
    let any = !list.page.items.is_empty()
        || traces.activity(&visit.actor, visit.project.id).await.map_err(context::refusal)?.last_span_us.is_some();
    Ok(TraceLines {
        lines: list.page.items.into_iter().map(line).collect(),
        next: list.page.next,
        looked_back_to_us: list.looked_back_to.map(|at| at.to_us().0),
        now_us: visit.now.0,
        any,
    })
}

fn choice(query: &TracesQuery) -> Result<RangeChoice, AppError> {
    range::choose(query.range.as_deref(), query.from.as_deref(), query.to.as_deref(), DEFAULT_RANGE)
        .map_err(|error| context::refusal(ServiceError::of("range")(error)))
}

fn filter(query: &TracesQuery, choice: RangeChoice, now: TimeUs) -> Result<TraceFilter, AppError> {
    let errors = match query.errors.as_deref() {
        None => None,
        Some("yes") => Some(true),
        Some("no") => Some(false),
        Some(_) => return Err(context::refusal(ServiceError::field("errors", "write `yes` or `no`"))),
    };
    let score = ScoreAsked {
        name: query.score.clone(),
        least: number("score_min", query.score_min.as_deref())?,
        most: number("score_max", query.score_max.as_deref())?,
        is: query.score_is.clone(),
    };
    let duration = DurationAsked {
        min_ms: number("duration_min_ms", query.duration_min_ms.as_deref())?,
        max_ms: number("duration_max_ms", query.duration_max_ms.as_deref())?,
    };
    let (min_duration_ns, max_duration_ns) = duration.bounds().map_err(context::refusal)?;
    let mut range = choice.resolve(now);
    if query.to.is_none() {
        // Senders' clocks run ahead a little; what just came in must not be missing.
        range.to = TimeUs(range.to.0.saturating_add(86_400_000_000));
    }
    Ok(TraceFilter {
        range: Some(range),
        prompt: query.prompt.clone(),
        version: number("version", query.version.as_deref())?,
        environment: query.environment.clone(),
        user_id: query.user.clone(),
        session_id: query.session.clone(),
        errors,
        model: query.model.clone(),
        min_duration_ns,
        max_duration_ns,
        score: score.condition().map_err(context::refusal)?,
    })
}

fn number<T: FromStr<Err: Display>>(field: &'static str, text: Option<&str>) -> Result<Option<T>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let shown: String = text.chars().take(40).collect();
    let read = text.trim().parse().map_err(|cause| {
        context::refusal(ServiceError::field(
            field,
            format!("`{shown}` is not a number ({cause}); write one such as `2`"),
        ))
    })?;
    Ok(Some(read))
}

/// A trace as a line of a list.
pub fn line(trace: TraceRecord) -> TraceLine {
    TraceLine {
        id: trace.trace_id.to_string(),
        name: trace.name,
        start_us: trace.start_ns.to_us().0,
        duration_ns: trace.end_ns.0.saturating_sub(trace.start_ns.0),
        spans: trace.spans,
        errors: trace.errors,
        tokens: (trace.input_tokens > 0 || trace.output_tokens > 0)
            .then_some((trace.input_tokens, trace.output_tokens)),
        cost: trace.cost.map(|cost| cost.0),
        user: trace.user_id,
        session: trace.session_id,
        environment: trace.environment,
        links: trace.links,
    }
}
