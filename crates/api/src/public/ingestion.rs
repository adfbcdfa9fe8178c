use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use services::ingest::{Outcome, parse_ingestion};

use crate::{extract::IngestCaller, refusal::SdkRefusal, scores, state::ApiState};

/// A batch of events, of which scores are stored
///
/// Always 207 with `successes` and `errors`. Event types of old SDKs are acknowledged and left aside: their spans come by OTLP.
#[utoipa::path(post, path = "/api/public/ingestion", tag = "SDK", operation_id = "sdk_ingestion",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 207, description = "`successes` and `errors`, by event id")))]
pub(super) async fn ingest(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Value>), SdkRefusal> {
    let held = scores::read(&state, &caller.actor, caller.project, &headers, body).await?;
    let batch = parse_ingestion(&held.bytes).map_err(|error| scores::unreadable(&error))?;
    let (mut successes, mut errors, mut good) = (Vec::new(), Vec::new(), Vec::new());
    for event in batch.events {
        let read = match event.outcome {
            Outcome::Score(draft) => scores::time(&state, *draft).map(|score| good.push(score)),
            Outcome::Ignored { .. } => Ok(()),
            Outcome::Invalid(invalid) => Err(invalid),
        };
        match read {
            Ok(()) => successes.push(json!({ "id": event.id, "status": 201 })),
            Err(invalid) => errors.push(json!({
                "id": event.id, "status": 400, "message": invalid.to_string(), "error": "BadRequest",
            })),
        }
    }
    scores::store(&state, &caller.actor, caller.project, good).await?;
    scores::count_refused(errors.len());
    Ok((StatusCode::MULTI_STATUS, Json(json!({ "successes": successes, "errors": errors }))))
}
