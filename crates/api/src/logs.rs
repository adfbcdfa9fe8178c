//! Log records in, by OTLP over HTTP: GenAI instrumentations tell messages and evaluations by them.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use domain::auth::Permission;
use services::context::authorize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Held, IngestCaller, read_body},
    refusal::SdkRefusal,
    spans::{answer, encoding},
    state::ApiState,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
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
async fn sdk_logs(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SdkRefusal> {
    accept(&state, &caller, &headers, body).await
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
async fn logs(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SdkRefusal> {
    accept(&state, &caller, &headers, body).await
}

async fn accept(
    state: &ApiState,
    caller: &IngestCaller,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, SdkRefusal> {
    // Asked before the body is read: who may not send costs nothing.
    authorize(&caller.actor, caller.project, Permission::Ingest)?;
    let encoding = encoding(headers)?;
    let ingest = &state.services.ingest;
    let Held { bytes, share } = read_body(headers, body, state.config.max_body_bytes, Some(ingest)).await?;
    metrics::counter!("assay_ingest_bytes_total").increment(bytes.len() as u64);
    let accepted = ingest.logs(&caller.actor, caller.project, bytes, encoding).await?;
    drop(share);
    metrics::counter!("assay_ingest_log_records_total", "result" => "accepted").increment(accepted.accepted as u64);
    metrics::counter!("assay_ingest_log_records_total", "result" => "rejected").increment(accepted.rejected as u64);
    Ok(answer(encoding, "rejectedLogRecords", accepted.rejected, accepted.message))
}
