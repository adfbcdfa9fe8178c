use axum::{Json, extract::State};
use domain::{
    ids::{SpanId, TraceId},
    page::PageSize,
    time::TimeUs,
};
use serde::Deserialize;
use services::{
    ServiceError,
    traces::{DurationAsked, ScoreAsked, TraceFilter},
};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{
    cost::PastCosts,
    model::{IoView, TraceDetail, TracePage},
};
use super::range;
use crate::{
    extract::{Caller, Path, Query},
    refusal::Refusal,
    state::ApiState,
};

mod cost;
mod model;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(io)).routes(routes!(past_costs))
}

/// Which traces to list; every condition given has to hold.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Began in the last `24h` and the like; or between `from` and `to`.
    range: Option<String>,
    #[param(value_type = Option<String>)]
    from: Option<TimeUs>,
    #[param(value_type = Option<String>)]
    to: Option<TimeUs>,
    /// A generation counts for this prompt.
    prompt: Option<String>,
    /// … in this version.
    version: Option<u32>,
    environment: Option<String>,
    user: Option<String>,
    session: Option<String>,
    /// Only traces with a failed span, or only ones without.
    errors: Option<bool>,
    /// A generation called this model.
    model: Option<String>,
    /// It lasted at least this long, from its earliest start to its last end.
    duration_min_ms: Option<f64>,
    /// It lasted at most this long.
    duration_max_ms: Option<f64>,
    /// A score of this name is on it, on one of its observations or on its session.
    score: Option<String>,
    /// … and is at least this; a boolean counts as 1 or 0.
    score_min: Option<f64>,
    /// … and is at most this.
    score_max: Option<f64>,
    /// … and says this category; `true` or `false` for a boolean.
    score_is: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

/// Traces, newest first
///
/// Conditions on `model`, `score` and duration are looked up trace by trace: a page may end early, and then says so in
/// `partial` and goes on with `next`.
#[utoipa::path(get, path = "/api/v1/traces", tag = "Traces", operation_id = "list_traces", params(ListQuery),
    responses((status = 200, body = TracePage)))]
async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<ListQuery>,
) -> Result<Json<TracePage>, Refusal> {
    let size = query.limit.map_or(Ok(PageSize::default()), PageSize::new).map_err(ServiceError::of("limit"))?;
    let score = ScoreAsked { name: query.score, least: query.score_min, most: query.score_max, is: query.score_is };
    let duration = DurationAsked { min_ms: query.duration_min_ms, max_ms: query.duration_max_ms };
    let (min_duration_ns, max_duration_ns) = duration.bounds()?;
    let filter = TraceFilter {
        range: range::of_query(query.range.as_deref(), query.from, query.to, state.services.now())?,
        prompt: query.prompt,
        version: query.version,
        environment: query.environment,
        user_id: query.user,
        session_id: query.session,
        errors: query.errors,
        model: query.model,
        min_duration_ns,
        max_duration_ns,
        score: score.condition()?,
    };
    let traces = &state.services.traces;
    let list = traces.list(&caller.actor, caller.project, &filter, query.cursor.as_deref(), size).await?;
    Ok(Json(TracePage::of(list)))
}

/// A trace with its spans and scores, without payloads
///
/// At most 1,000 spans; `more` says whether there are others.
#[utoipa::path(get, path = "/api/v1/traces/{trace}", tag = "Traces", operation_id = "get_trace",
    params(("trace" = String, Path)), responses((status = 200, body = TraceDetail)))]
async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path(trace): Path<String>,
) -> Result<Json<TraceDetail>, Refusal> {
    let id: TraceId = trace.parse().map_err(ServiceError::of("trace"))?;
    let open = state.services.traces.open(&caller.actor, caller.project, id).await?;
    Ok(Json(TraceDetail::of(&open)))
}

/// Input, output and the rest of one span
#[utoipa::path(get, path = "/api/v1/traces/{trace}/spans/{span}/io", tag = "Traces", operation_id = "get_span_io",
    params(("trace" = String, Path), ("span" = String, Path)), responses((status = 200, body = IoView)))]
async fn io(
    State(state): State<ApiState>,
    caller: Caller,
    Path((trace, span)): Path<(String, String)>,
) -> Result<Json<IoView>, Refusal> {
    let trace: TraceId = trace.parse().map_err(ServiceError::of("trace"))?;
    let span: SpanId = span.parse().map_err(ServiceError::of("span"))?;
    let payload = state.services.traces.payload(&caller.actor, caller.project, trace, span).await?;
    Ok(Json(payload.into()))
}

/// What a span cost before it was priced again, oldest first
#[utoipa::path(get, path = "/api/v1/traces/{trace}/spans/{span}/past-costs", tag = "Traces",
    operation_id = "list_past_costs", params(("trace" = String, Path), ("span" = String, Path)),
    responses((status = 200, body = PastCosts)))]
async fn past_costs(
    State(state): State<ApiState>,
    caller: Caller,
    Path((trace, span)): Path<(String, String)>,
) -> Result<Json<PastCosts>, Refusal> {
    let trace: TraceId = trace.parse().map_err(ServiceError::of("trace"))?;
    let span: SpanId = span.parse().map_err(ServiceError::of("span"))?;
    let past = state.services.prices.past_costs(&caller.actor, caller.project, trace, span).await?;
    Ok(Json(PastCosts { items: past.into_iter().map(Into::into).collect() }))
}
