//! Spans in, by OTLP over HTTP: where the SDKs send them, and at the path plain OpenTelemetry exporters append.

use std::time::Instant;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use domain::auth::Permission;
use prost::Message;
use serde_json::json;
use services::context::authorize;
use services::ingest::{Encoding, Sender};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    extract::{Held, IngestCaller, Kind, read_body},
    refusal::{Failure, SdkRefusal},
    state::ApiState,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
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
async fn sdk_traces(
    State(state): State<ApiState>,
    caller: IngestCaller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, SdkRefusal> {
    accept(&state, &caller, &headers, body).await
}

/// Spans from an OpenTelemetry exporter
///
/// As `/api/public/otel/v1/traces`.
#[utoipa::path(
    post, path = "/v1/traces", tag = "OTLP", operation_id = "otlp_traces",
    request_body(content_type = "application/x-protobuf"),
    responses((status = 200, description = "stored; `partialSuccess` names spans that could not be read"))
)]
async fn traces(
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
    let sender = Sender::from_headers(|name| headers.get(name).and_then(|value| value.to_str().ok()));
    let ingest = &state.services.ingest;
    let began = Instant::now();
    let Held { bytes, share } = read_body(headers, body, state.config.max_body_bytes, Some(ingest)).await?;
    metrics::histogram!("assay_ingest_phase_duration_seconds", "phase" => "read").record(began.elapsed());
    metrics::counter!("assay_ingest_bytes_total").increment(bytes.len() as u64);
    let accepted = ingest.traces(&caller.actor, caller.project, bytes, encoding, sender).await?;
    drop(share);
    metrics::counter!("assay_ingest_spans_total", "result" => "accepted").increment(accepted.accepted as u64);
    metrics::counter!("assay_ingest_spans_total", "result" => "rejected").increment(accepted.rejected as u64);
    Ok(answer(encoding, "rejectedSpans", accepted.rejected, accepted.message))
}

/// How an OTLP request is written.
pub(crate) fn encoding(headers: &HeaderMap) -> Result<Encoding, Failure> {
    Ok(match Kind::of(headers, &[Kind::Protobuf, Kind::Json])? {
        Kind::Protobuf => Encoding::Protobuf,
        Kind::Json => Encoding::Json,
    })
}

/// `ExportTraceServiceResponse` of OTLP 1.9, and `ExportLogsServiceResponse`, which differs in names alone.
#[derive(Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// What an exporter is told; `what` is the name of the rejected in JSON.
pub(crate) fn answer(encoding: Encoding, what: &str, rejected: usize, message: Option<String>) -> Response {
    let partial_success = (rejected > 0 || message.is_some()).then(|| PartialSuccess {
        rejected: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: message.unwrap_or_default(),
    });
    let body = match (encoding, partial_success) {
        (Encoding::Protobuf, partial_success) => Answer { partial_success }.encode_to_vec(),
        (Encoding::Json, None) => b"{}".to_vec(),
        // 64-bit integers are texts in OTLP/JSON.
        (Encoding::Json, Some(partial)) => json!({ "partialSuccess": {
            what: partial.rejected.to_string(), "errorMessage": partial.error_message,
        } })
        .to_string()
        .into_bytes(),
    };
    ([(CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()))], body).into_response()
}
