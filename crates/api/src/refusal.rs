//! What a client is told when something cannot be done: `application/problem+json` on our own interface, the two fields the
//! SDKs know on theirs. This is the only place that knows both an error and HTTP.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    Problem,
    problem::{FieldProblem, ProblemCode},
};
use serde::Serialize;
use services::ServiceError;
use utoipa::ToSchema;

use crate::request_id;

/// Why a request was refused, before it is known in which shape to say so.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Found here, on the way in.
    Problem(Problem),
    /// Found by a use case.
    Service(ServiceError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

impl Failure {
    fn into_problem(self) -> Problem {
        match self {
            Self::Problem(problem) => Problem { request_id: request_id::current(), ..problem },
            Self::Service(error) => error.into_problem(request_id::current()),
        }
    }
}

/// A refusal on `/api/v1`: a problem document (RFC 9457).
#[derive(Debug)]
pub(crate) struct Refusal(Problem);

/// A refusal on the routes the SDKs use: `{"error", "message"}`.
#[derive(Debug)]
pub(crate) struct SdkRefusal(Problem);

/// The problem document on the wire.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Two or three words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What failed and what to do, for people.
    detail: String,
    /// Why, for programs: `invalid`, `unauthenticated`, `forbidden`, `not_found`, `method_not_allowed`, `conflict`, `too_large`,
    /// `unsupported_media_type`, `rate_limited`, `unavailable`, `internal`.
    #[schema(value_type = String)]
    code: ProblemCode,
    /// The fields at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    fields: Vec<FieldProblem>,
    /// Finds the request in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

/// A refusal as the SDKs read it.
#[derive(Serialize, ToSchema)]
#[schema(as = SdkProblem)]
pub(crate) struct SdkRefusalDocument {
    /// Why, for programs: `BadRequest`, `Unauthorized`, `Forbidden`, `NotFound`, `Conflict`, …
    error: &'static str,
    /// What failed and what to do, for people.
    message: String,
}

/// A refusal as OpenFeature's remote evaluation protocol has it.
#[derive(Serialize, ToSchema)]
#[schema(as = FlagProblem)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlagRefusalDocument {
    /// The flag, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// `PARSE_ERROR`, `TARGETING_KEY_MISSING`, `INVALID_CONTEXT`, `FLAG_NOT_FOUND`, `GENERAL`.
    pub(crate) error_code: &'static str,
    /// What failed and what to do, for people.
    pub(crate) error_details: String,
}

impl Refusal {
    /// What is wrong, for a protocol with a shape of its own.
    pub(crate) fn into_problem(self) -> Problem {
        self.0
    }
}

/// Either shape is made from anything a failure is made from.
impl<T: Into<Failure>> From<T> for Refusal {
    fn from(failure: T) -> Self {
        Self(failure.into().into_problem())
    }
}

impl<T: Into<Failure>> From<T> for SdkRefusal {
    fn from(failure: T) -> Self {
        Self(failure.into().into_problem())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let retry_after_s = problem.retry_after_s;
        let code = problem.code;
        let document = ProblemDocument {
            title: code.title(),
            status: code.status(),
            detail: problem.message,
            code,
            fields: problem.fields,
            request_id: problem.request_id,
        };
        let mut response = Json(document).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        finish(code, retry_after_s, response)
    }
}

impl IntoResponse for SdkRefusal {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let document = SdkRefusalDocument { error: sdk_name(problem.code), message: problem.message };
        finish(problem.code, problem.retry_after_s, Json(document).into_response())
    }
}

/// Gives a refusal its status and headers, and counts it.
pub(crate) fn finish(code: ProblemCode, retry_after_s: Option<u32>, mut response: Response) -> Response {
    metrics::counter!("assay_refusals_total", "code" => code.title()).increment(1);
    *response.status_mut() = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if code == ProblemCode::Unauthenticated {
        // Not `Basic`: browsers would open a window of their own.
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"assay\""));
    }
    response
}

fn sdk_name(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::Invalid => "BadRequest",
        ProblemCode::Unauthenticated => "Unauthorized",
        ProblemCode::Forbidden => "Forbidden",
        ProblemCode::NotFound => "NotFound",
        ProblemCode::MethodNotAllowed => "MethodNotAllowed",
        ProblemCode::Conflict => "Conflict",
        ProblemCode::TooLarge => "PayloadTooLarge",
        ProblemCode::UnsupportedMediaType => "UnsupportedMediaType",
        ProblemCode::RateLimited => "TooManyRequests",
        ProblemCode::Unavailable | ProblemCode::DiskFull => "ServiceUnavailable",
        ProblemCode::Internal => "InternalServerError",
    }
}
