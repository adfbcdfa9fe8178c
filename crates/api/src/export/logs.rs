use axum::{extract::State, response::Response};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Export, Words, answer};
use crate::{extract::Held, refusal::SdkRefusal, state::ApiState};

const WORDS: Words = Words { counter: "assay_ingest_log_records_total", rejected: "rejectedLogRecords" };

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(sdk_logs)).routes(routes!(logs))
}

/// Log records, at the address SDKs are given
///
/// As `/v1/logs`.
#[utoipa::path(
    post, path = "/api/public/otel/v1/logs", tag = "OTLP", operation_id = "otlp_sdk_logs",
    request_body(content_type = "application/x-protobuf"),
    responses((status = 200, description = "stored; `partialSuccess` names records that could not be read"))
)]
async fn sdk_logs(State(state): State<ApiState>, export: Export) -> Result<Response, SdkRefusal> {
    accept(&state, export).await
}

/// Log records from an OpenTelemetry exporter
///
/// `ExportLogsServiceRequest` as protobuf or JSON; identity, gzip or deflate. Events that say what went into a span or came
/// out of it (`gen_ai.*.message`, `gen_ai.choice`, `gen_ai.client.inference.operation.details`) join that span, which may
/// come later; `gen_ai.evaluation.result` is a score of it. Any other record is accepted and not kept.
#[utoipa::path(
    post, path = "/v1/logs", tag = "OTLP", operation_id = "otlp_logs",
    request_body(content_type = "application/x-protobuf"),
    responses((status = 200, description = "stored; `partialSuccess` names records that could not be read"))
)]
async fn logs(State(state): State<ApiState>, export: Export) -> Result<Response, SdkRefusal> {
    accept(&state, export).await
}

async fn accept(state: &ApiState, export: Export) -> Result<Response, SdkRefusal> {
    let Export { actor, project, encoding, body: Held { bytes, share }, .. } = export;
    let accepted = state.services.ingest.logs(&actor, project, bytes, encoding).await?;
    drop(share);
    Ok(answer(&WORDS, encoding, accepted))
}
