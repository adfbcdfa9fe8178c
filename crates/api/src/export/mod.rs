//! Spans and log records in, by OTLP over HTTP: where the SDKs send them, and at the paths plain OpenTelemetry exporters append.

mod logs;
mod spans;

use std::time::Instant;

use axum::{
    extract::{FromRequest, FromRequestParts as _, Request},
    http::{HeaderValue, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
};
use domain::{
    auth::{Actor, Permission},
    ids::ProjectId,
};
use prost::Message;
use serde_json::json;
use services::{
    context::authorize,
    ingest::{Encoding, Sender, TracesAccepted},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    extract::{Held, IngestCaller, Kind, read_body},
    refusal::SdkRefusal,
    state::ApiState,
};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    spans::routes().merge(logs::routes())
}

/// A request of an exporter, from somebody who may send, read to its end.
struct Export {
    actor: Actor,
    project: ProjectId,
    sender: Sender,
    encoding: Encoding,
    body: Held,
}

impl FromRequest<ApiState> for Export {
    type Rejection = SdkRefusal;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, SdkRefusal> {
        let (mut parts, body) = request.into_parts();
        let IngestCaller { actor, project } = IngestCaller::from_request_parts(&mut parts, state).await?;
        // Asked before the body is read: who may not send costs nothing.
        authorize(&actor, project, Permission::Ingest)?;
        let encoding = match Kind::of(&parts.headers, &[Kind::Protobuf, Kind::Json])? {
            Kind::Protobuf => Encoding::Protobuf,
            Kind::Json => Encoding::Json,
        };
        let sender = Sender::from_headers(|name| parts.headers.get(name).and_then(|value| value.to_str().ok()));
        let began = Instant::now();
        let budget = Some(&state.services.ingest);
        let body = read_body(&parts.headers, body, state.config.max_body_bytes, budget).await?;
        metrics::histogram!("assay_ingest_phase_duration_seconds", "phase" => "read").record(began.elapsed());
        metrics::counter!("assay_ingest_bytes_total").increment(body.bytes.len() as u64);
        Ok(Self { actor, project, sender, encoding, body })
    }
}

/// What a kind of export is counted under, and what its rejected parts are called in JSON.
struct Words {
    counter: &'static str,
    rejected: &'static str,
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

/// Counts what came of an export, and tells its sender.
fn answer(words: &Words, encoding: Encoding, accepted: TracesAccepted) -> Response {
    let TracesAccepted { accepted, rejected, message } = accepted;
    metrics::counter!(words.counter, "result" => "accepted").increment(accepted as u64);
    metrics::counter!(words.counter, "result" => "rejected").increment(rejected as u64);
    let partial_success = (rejected > 0 || message.is_some()).then(|| PartialSuccess {
        rejected: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: message.unwrap_or_default(),
    });
    let body = match (encoding, partial_success) {
        (Encoding::Protobuf, partial_success) => Answer { partial_success }.encode_to_vec(),
        (Encoding::Json, None) => b"{}".to_vec(),
        // 64-bit integers are texts in OTLP/JSON.
        (Encoding::Json, Some(partial)) => json!({ "partialSuccess": {
            words.rejected: partial.rejected.to_string(), "errorMessage": partial.error_message,
        } })
        .to_string()
        .into_bytes(),
    };
    ([(CONTENT_TYPE, HeaderValue::from_static(encoding.content_type()))], body).into_response()
}
