//! What every request goes through: its duration is counted, it ends in time, and a panic becomes an answer.

use std::{any::Any, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use domain::{Problem, problem::ProblemCode};
use services::ServiceError;

use crate::{
    refusal::{Refusal, SdkRefusal},
    request_id,
    state::ApiState,
};

/// Counts durations by route and class of status: a handful of series, whatever addresses are asked for.
pub(crate) async fn measure(request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "unknown".to_owned(), |path| path.as_str().to_owned());
    let method = method_name(request.method());
    let began = Instant::now();
    let response = next.run(request).await;
    let took = began.elapsed();
    let status = response.status();
    let class = match status.as_u16() {
        ..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500.. => "5xx",
    };
    metrics::histogram!("assay_http_request_duration_seconds", "method" => method, "route" => route, "status" => class)
        .record(took.as_secs_f64());
    tracing::debug!(status = status.as_u16(), duration_ms = took.as_millis() as u64, "answered");
    response
}

fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// Answers 503 when a request takes too long. Sending the same again is safe everywhere.
pub(crate) async fn deadline(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let sdk = speaks_sdk(request.uri().path());
    let is_upload = request.method() == Method::POST && request.uri().path() == "/api/v1/imports";
    let limit = if is_upload { state.config.upload_timeout } else { state.config.timeout };
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => refuse(
            sdk,
            ServiceError::Unavailable { reason: "The request took too long. It may be sent again.", retry_after_s: 1 },
        ),
    }
}

fn refuse(sdk: bool, error: ServiceError) -> Response {
    if sdk { SdkRefusal::from(error).into_response() } else { Refusal::from(error).into_response() }
}

/// Whether an address is one of the SDKs' and exporters'.
fn speaks_sdk(path: &str) -> bool {
    path.starts_with("/api/public/") || path.starts_with("/v1/")
}

/// What a client is told after a panic. Its message may hold anything, so only the log gets it.
pub(crate) fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(request_id = request_id::current(), panic = message, "a handler panicked");
    let problem = Problem::new(ProblemCode::Internal, "Something failed on our side. The log has the request id.");
    Refusal::from(problem).into_response()
}

/// The address exists, the method does not.
pub(crate) async fn wrong_method(request: Request) -> Response {
    let problem = Problem::new(
        ProblemCode::MethodNotAllowed,
        format!("`{}` is not answered here; `/openapi.json` lists what is.", request.method()),
    );
    if speaks_sdk(request.uri().path()) {
        SdkRefusal::from(problem).into_response()
    } else {
        Refusal::from(problem).into_response()
    }
}
