//! What a client is told when something cannot be done: one shape for REST (`application/problem+json`) and for our own
//! pages. It never carries a cause; causes are logged with the same `request_id`.

use serde::{Deserialize, Serialize};

/// Why a request was refused. A closed list, part of the API contract.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The request is not what the endpoint reads; `fields` says where.
    Invalid,
    /// No or wrong credentials.
    Unauthenticated,
    /// The credentials are known but may not do this.
    Forbidden,
    /// There is no such thing, or it is not yours.
    NotFound,
    /// The address exists; the method does not.
    MethodNotAllowed,
    /// It changed meanwhile, or a name is taken.
    Conflict,
    /// The body or batch is over its limit.
    TooLarge,
    /// The content type or encoding cannot be read.
    UnsupportedMediaType,
    /// Too many requests; wait as `Retry-After` says.
    RateLimited,
    /// The server is busy or cannot store now; wait as `Retry-After` says.
    Unavailable,
    /// The server's disk is full: nothing is stored until there is space; wait as `Retry-After` says.
    DiskFull,
    /// A fault of ours.
    Internal,
}

impl ProblemCode {
    /// The HTTP status it is sent with.
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Unavailable | Self::DiskFull => 503,
        }
    }

    /// Two or three words for a title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Invalid => "Not valid",
            Self::Unauthenticated => "Not signed in",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
            Self::Conflict => "Conflict",
            Self::TooLarge => "Too large",
            Self::UnsupportedMediaType => "Unsupported content type",
            Self::RateLimited => "Too many requests",
            Self::Internal => "Our fault",
            Self::Unavailable => "Busy",
            Self::DiskFull => "Disk full",
        }
    }
}

/// What is wrong with one field.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// Path of the field in the request, such as `prompt[2].content`.
    pub field: String,
    /// What was wrong and what would be right.
    pub message: String,
}

impl FieldProblem {
    /// A problem of `field`.
    pub fn new(field: impl Into<String>, message: impl ToString) -> Self {
        Self { field: field.into(), message: message.to_string() }
    }
}

/// A refusal as the client sees it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// Why, for programs.
    pub code: ProblemCode,
    /// Why, for people: what failed and what to do.
    pub message: String,
    /// The fields at fault, in request order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// Finds the request in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Seconds to wait before trying again, with `rate_limited`, `unavailable` and `disk_full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    /// A problem without fields.
    pub fn new(code: ProblemCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), fields: Vec::new(), request_id: None, retry_after_s: None }
    }
}
