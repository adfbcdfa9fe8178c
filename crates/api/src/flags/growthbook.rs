//! GrowthBook's features, for its clients to decide by themselves. The key in the path is the credential.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    response::{IntoResponse as _, Response},
    routing::options,
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::stream::{Told, events};
use crate::{
    extract::{Path, answer_tagged},
    refusal::Refusal,
    state::ApiState,
    web::{by_client_key, cors},
};

/// Tells clients that they may listen.
const SSE_SUPPORT: HeaderName = HeaderName::from_static("x-sse-support");

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(features))
        .routes(routes!(listen))
        .route("/api/features/{key}", options(|| async { StatusCode::NO_CONTENT }))
        .route("/sub/{key}", options(|| async { StatusCode::NO_CONTENT }))
        .layer(cors([Method::GET]).expose_headers([axum::http::header::ETAG, SSE_SUPPORT]))
}

/// Features for GrowthBook's clients
///
/// One feature a slot. Experiments are rules with `ranges`, `filters` and `hashVersion: 2`; those only the server can assign
/// have none. Exposes nobody.
#[utoipa::path(get, path = "/api/features/{key}", tag = "Flags", operation_id = "growthbook_features",
    params(("key" = String, Path, description = "a client key")),
    responses((status = 200, body = Object), (status = 304, description = "as `If-None-Match` has it")))]
async fn features(
    State(state): State<ApiState>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let caller = by_client_key(&state, &headers, &key).await?;
    let payload = state.services.assignment.features(&caller.actor, caller.project).await?;
    let mut answer = answer_tagged(&headers, &payload)?;
    answer.headers_mut().insert(SSE_SUPPORT, HeaderValue::from_static("enabled"));
    Ok(answer)
}

/// Changes of the features, as server-sent events
///
/// `event: features` with the whole payload: at once, and after each change.
#[utoipa::path(get, path = "/sub/{key}", tag = "Flags", operation_id = "growthbook_stream",
    params(("key" = String, Path, description = "a client key")),
    responses((status = 200, description = "`text/event-stream`")))]
async fn listen(
    State(state): State<ApiState>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let caller = by_client_key(&state, &headers, &key).await?;
    Ok(events(&state, caller.actor, caller.project, Told::Features).await?.into_response())
}
