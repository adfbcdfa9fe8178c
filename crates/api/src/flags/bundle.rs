//! Everything to resolve without asking.

use axum::{extract::State, http::HeaderMap, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Caller, answer_tagged},
    refusal::Refusal,
    state::ApiState,
};

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(bundle))
}

/// The offline bundle
///
/// Every slot with its rule, and every version a slot can answer. Ask again with `If-None-Match`.
#[utoipa::path(get, path = "/api/v1/sdk/bundle", tag = "Resolve", operation_id = "sdk_bundle",
    responses((status = 200, body = Object), (status = 304, description = "as `If-None-Match` has it")))]
async fn bundle(State(state): State<ApiState>, caller: Caller, headers: HeaderMap) -> Result<Response, Refusal> {
    let bundle = state.services.assignment.bundle(&caller.actor, caller.project).await?;
    answer_tagged(&headers, &bundle)
}
