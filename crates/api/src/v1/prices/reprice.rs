use axum::{Json, extract::State, http::StatusCode};
use domain::{
    ids::JobId,
    job::JobState,
    price::ModelPattern,
    time::{TimeRange, TimeUs},
};
use serde::{Deserialize, Serialize};
use services::{
    ServiceError,
    prices::{NewRepricing, Repricing},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Body, Caller, Path},
    refusal::Refusal,
    state::ApiState,
    v1::range::RangeText,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(get, cancel))
}

/// Which spans to price again; an empty object: all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RepricingDraft {
    /// Only spans that began inside.
    range: Option<RangeText>,
    /// Only calls of this model; `*` stands for anything.
    model: Option<String>,
    /// Only spans that have no cost.
    #[serde(default)]
    only_unpriced: bool,
}

/// Stored spans being priced again.
#[derive(Serialize, ToSchema)]
struct RepricingView {
    #[schema(value_type = String, format = "uuid")]
    id: JobId,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    #[schema(value_type = String)]
    state: JobState,
    /// Only spans that began inside.
    #[schema(value_type = Option<Object>)]
    range: Option<TimeRange>,
    /// Only calls of these models.
    #[schema(value_type = Option<String>)]
    model: Option<ModelPattern>,
    /// Only spans that had no cost.
    only_unpriced: bool,
    /// How far it is, 0 to 1.
    done: f64,
    /// Spans that cost something else since.
    changed_spans: u64,
    /// Spans whose cost was right already.
    unchanged_spans: u64,
    /// Among both, spans that still have no price.
    unpriced_spans: u64,
    /// Why it failed.
    error: Option<String>,
    created_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    /// When it last moved.
    #[schema(value_type = String, format = DateTime)]
    updated_at: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct Repricings {
    items: Vec<RepricingView>,
}

impl From<Repricing> for RepricingView {
    fn from(job: Repricing) -> Self {
        Self {
            id: job.id,
            state: job.state,
            range: job.asked.range,
            model: job.asked.model,
            only_unpriced: job.asked.only_unpriced,
            done: job.done,
            changed_spans: job.changed,
            unchanged_spans: job.unchanged,
            unpriced_spans: job.unpriced,
            error: job.error,
            created_by: job.created_by,
            created_at: job.created_us,
            updated_at: job.updated_us,
            finished_at: job.finished_us,
        }
    }
}

/// Price stored spans again
///
/// By the prices as they are, as of when each span began. What senders said a span cost stands. It is done in the background:
/// read its progress at `GET /api/v1/prices/reprice/{job}`. What a span cost before stays readable with the span.
#[utoipa::path(post, path = "/api/v1/prices/reprice", tag = "Prices", operation_id = "start_repricing",
    request_body = RepricingDraft, responses((status = 202, body = RepricingView)))]
async fn start(
    State(state): State<ApiState>,
    caller: Caller,
    Body(draft): Body<RepricingDraft>,
) -> Result<(StatusCode, Json<RepricingView>), Refusal> {
    let range = draft.range.map(|range| range.resolve(state.services.now())).transpose()?;
    let model = draft.model.map(|model| model.parse()).transpose().map_err(ServiceError::of("model"))?;
    let asked = NewRepricing { range, model, only_unpriced: draft.only_unpriced };
    let job = state.services.prices.reprice(&caller.actor, caller.project, asked).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// Jobs that price again, newest first
#[utoipa::path(get, path = "/api/v1/prices/reprice", tag = "Prices", operation_id = "list_repricings",
    responses((status = 200, body = Repricings)))]
async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Json<Repricings>, Refusal> {
    let jobs = state.services.prices.repricings(&caller.actor, caller.project).await?;
    Ok(Json(Repricings { items: jobs.into_iter().map(RepricingView::from).collect() }))
}

/// How far a job is that prices again
#[utoipa::path(get, path = "/api/v1/prices/reprice/{job}", tag = "Prices", operation_id = "get_repricing",
    params(("job" = String, Path)), responses((status = 200, body = RepricingView)))]
async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<RepricingView>, Refusal> {
    let job: JobId = job.parse().map_err(ServiceError::of("job"))?;
    let job = state.services.prices.repricing(&caller.actor, caller.project, job).await?;
    Ok(Json(job.into()))
}

/// Stop a job that prices again
///
/// What it changed until then stays changed. A job that ended stays as it is.
#[utoipa::path(delete, path = "/api/v1/prices/reprice/{job}", tag = "Prices", operation_id = "cancel_repricing",
    params(("job" = String, Path)), responses((status = 200, body = RepricingView)))]
async fn cancel(
    State(state): State<ApiState>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<RepricingView>, Refusal> {
    let job: JobId = job.parse().map_err(ServiceError::of("job"))?;
    let job = state.services.prices.cancel_repricing(&caller.actor, caller.project, job).await?;
    Ok(Json(job.into()))
}
