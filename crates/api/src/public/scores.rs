use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use serde_json::json;
use services::ServiceError;
use services::ingest::{Scores, parse_scores};

use crate::{extract::IngestCaller, refusal::SdkRefusal, scores, state::ApiState};

/// One score, or an array of them
///
/// The same id again is an update. A damaged score in an array is refused alone.
#[utoipa::path(post, path = "/api/public/scores", tag = "SDK", operation_id = "sdk_create_scores",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "one score: its `id`"), (status = 202, description = "an array: all stored"),
        (status = 207, description = "an array: `accepted`, `rejected`, `errors`")))]
pub(super) async fn create(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SdkRefusal> {
    let held = scores::read(&state, &caller.actor, caller.project, &headers, body).await?;
    match parse_scores(&held.bytes).map_err(|error| scores::unreadable(&error))? {
        Scores::One(read) => match read.and_then(|draft| scores::time(&state, *draft)) {
            Ok(score) => {
                let ids = scores::store(&state, &caller.actor, caller.project, vec![score]).await?;
                Ok(Json(json!({ "id": ids.first() })).into_response())
            }
            Err(invalid) => {
                scores::count_refused(1);
                Err(ServiceError::field(invalid.field, invalid.reason).into())
            }
        },
        Scores::Many(read) => {
            let (good, refused): (Vec<_>, Vec<_>) = read
                .into_iter()
                .map(|read| read.and_then(|draft| scores::time(&state, draft)))
                .partition(Result::is_ok);
            let ids =
                scores::store(&state, &caller.actor, caller.project, good.into_iter().flatten().collect()).await?;
            if refused.is_empty() {
                return Ok((StatusCode::ACCEPTED, Json(json!({ "message": "Accepted" }))).into_response());
            }
            scores::count_refused(refused.len());
            let errors = refused
                .iter()
                .filter_map(|score| score.as_ref().err())
                .map(|invalid| json!({ "message": invalid.to_string() }));
            let body =
                json!({ "accepted": ids.len(), "rejected": refused.len(), "errors": errors.collect::<Vec<_>>() });
            Ok((StatusCode::MULTI_STATUS, Json(body)).into_response())
        }
    }
}
