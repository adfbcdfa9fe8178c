use axum::{Json, extract::State, http::StatusCode};
use domain::{ids::JobId, job::JobState, time::TimeUs};
use serde::Serialize;
use services::{ServiceError, erasure::Erasure};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Caller, Path},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(erase_project))
        .routes(routes!(erase_user))
        .routes(routes!(list))
        .routes(routes!(get))
}

/// Events being deleted. It stays as the record of who asked and what went.
#[derive(Serialize, ToSchema)]
struct ErasureView {
    #[schema(value_type = String, format = "uuid")]
    id: JobId,
    /// `waiting`, `running`, `done` or `failed`.
    #[schema(value_type = String)]
    state: JobState,
    /// Whose events; null: all of the project's.
    user: Option<String>,
    /// What went so far.
    erased: ErasedView,
    /// Why it failed.
    error: Option<String>,
    created_by: String,
    /// What happens later stays; of a user, what comes until it is done goes, too.
    #[schema(value_type = String, format = DateTime)]
    created_at: TimeUs,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<TimeUs>,
}

#[derive(Serialize, ToSchema)]
struct ErasedView {
    traces: u64,
    spans: u64,
    scores: u64,
    /// Outcome events.
    events: u64,
    /// Units taken out of experiments.
    units: u64,
    /// Pieces of media.
    media: u64,
}

#[derive(Serialize, ToSchema)]
struct Erasures {
    items: Vec<ErasureView>,
}

impl From<Erasure> for ErasureView {
    fn from(job: Erasure) -> Self {
        let store = job.erased;
        Self {
            id: job.id,
            state: job.state,
            user: job.user,
            erased: ErasedView {
                traces: store.traces,
                spans: store.spans,
                scores: store.scores,
                events: store.events,
                units: store.units,
                media: job.media,
            },
            error: job.error,
            created_by: job.created_by,
            created_at: job.created_us,
            finished_at: job.finished_us,
        }
    }
}

/// Delete all events of the project, for good
///
/// Traces, scores, outcome events, exposures and media that came until now, in the background; every number follows, and the
/// logs of experiments say how many units left. Prompts, experiments, datasets, prices, people and keys stay.
#[utoipa::path(delete, path = "/api/v1/project/data", tag = "Projects", operation_id = "delete_project_data",
    responses((status = 202, body = ErasureView)))]
async fn erase_project(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<(StatusCode, Json<ErasureView>), Refusal> {
    let job = state.services.erasures.erase_project(&caller.actor, caller.project).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// Delete everything of one user, for good
///
/// Their traces with scores and media, outcome events about them, and their part in experiments, in the background; every number
/// follows, and the logs of experiments say how many units left, not whose. It is done when `GET /api/v1/erasures/{job}` says so. Asking again while it is under way changes nothing.
#[utoipa::path(delete, path = "/api/v1/users/{user}/data", tag = "Traces", operation_id = "delete_user_data",
    params(("user" = String, Path)), responses((status = 202, body = ErasureView)))]
async fn erase_user(
    State(state): State<ApiState>,
    caller: Caller,
    Path(user): Path<String>,
) -> Result<(StatusCode, Json<ErasureView>), Refusal> {
    let job = state.services.erasures.erase_user(&caller.actor, caller.project, &user).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// Deletions of events, newest first
///
/// At most 20. What goes by age is not listed.
#[utoipa::path(get, path = "/api/v1/erasures", tag = "Projects", operation_id = "list_erasures",
    responses((status = 200, body = Erasures)))]
async fn list(State(state): State<ApiState>, caller: Caller) -> Result<Json<Erasures>, Refusal> {
    let jobs = state.services.erasures.list(&caller.actor, caller.project).await?;
    Ok(Json(Erasures { items: jobs.into_iter().map(ErasureView::from).collect() }))
}

/// How far a deletion of events is
#[utoipa::path(get, path = "/api/v1/erasures/{job}", tag = "Projects", operation_id = "get_erasure",
    params(("job" = String, Path)), responses((status = 200, body = ErasureView)))]
async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    Path(job): Path<String>,
) -> Result<Json<ErasureView>, Refusal> {
    let job: JobId = job.parse().map_err(ServiceError::of("job"))?;
    Ok(Json(state.services.erasures.get(&caller.actor, caller.project, job).await?.into()))
}
