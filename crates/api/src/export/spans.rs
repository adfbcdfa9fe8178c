use axum::{extract::State, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Export, Words, answer};
use crate::{extract::Held, refusal::SdkRefusal, state::ApiState};

const WORDS: Words = Words { counter: "assay_ingest_spans_total", rejected: "rejectedSpans" };

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(sdk_traces)).routes(routes!(traces))
}

/// Spans from an SDK
///
/// `ExportTraceServiceRequest` as protobuf or JSON; identity, gzip or deflate. Answered after the spans are stored for good.
#[utoipa::path(
    post, path = "/api/public/otel/v1/traces", tag = "OTLP", operation_id = "otlp_sdk_traces",
    request_body(content_type = "application/x-protobuf"),
    responses((status = 200, description = "stored; `partialSuccess` names spans that could not be read"))
)]
async fn sdk_traces(State(state): State<ApiState>, export: Export) -> Result<Response, SdkRefusal> {
    accept(&state, export).await
}

/// Spans from an OpenTelemetry exporter
///
/// As `/api/public/otel/v1/traces`.
#[utoipa::path(
    post, path = "/v1/traces", tag = "OTLP", operation_id = "otlp_traces",
    request_body(content_type = "application/x-protobuf"),
    responses((status = 200, description = "stored; `partialSuccess` names spans that could not be read"))
)]
async fn traces(State(state): State<ApiState>, export: Export) -> Result<Response, SdkRefusal> {
    accept(&state, export).await
}

async fn accept(state: &ApiState, export: Export) -> Result<Response, SdkRefusal> {
    let Export { actor, project, sender, encoding, body: Held { bytes, share } } = export;
    let accepted = state.services.ingest.traces(&actor, project, bytes, encoding, sender).await?;
    drop(share);
    Ok(answer(&WORDS, encoding, accepted))
}
