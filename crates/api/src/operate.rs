//! For operators: is it up, can it store, what does it count, what does it answer.

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{refusal::Refusal, state::ApiState};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz)).routes(routes!(metrics))
}

/// Whether the process answers
#[utoipa::path(get, path = "/healthz", tag = "Operators", security(()), responses((status = 200, description = "`ok`")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether both stores answer. With a full disk they do, and the text says so
#[utoipa::path(get, path = "/readyz", tag = "Operators", security(()),
    responses((status = 200, description = "`ready`, or `ready, disk full`"), (status = 503, description = "not able to answer")))]
async fn readyz(State(state): State<ApiState>) -> Result<&'static str, Refusal> {
    state.services.ready().await?;
    Ok(if state.services.disk_full() { "ready, disk full\n" } else { "ready\n" })
}

/// Counters in the text format of Prometheus
#[utoipa::path(get, path = "/metrics", tag = "Operators", security(()),
    responses((status = 200, description = "counters"), (status = 404, description = "not recorded")))]
async fn metrics(State(state): State<ApiState>) -> Response {
    match &state.config.metrics {
        Some(render) => {
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            ([(CONTENT_TYPE, kind)], render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
