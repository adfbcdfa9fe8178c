//! What a server function answers when it refuses.

use std::fmt;

use domain::{
    Problem,
    problem::{FieldProblem, ProblemCode},
};
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use crate::wire::Wire;

/// The problem as pages hold it: shown by the panel that asked, beside the field it is about where it has one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(from = "Sent", into = "Sent")]
pub struct AppError(pub Problem);

/// A problem as [`Wire`] sends it: the JSON of the API leaves fields out, which this encoding cannot.
#[derive(Clone, Serialize, Deserialize)]
struct Sent {
    code: ProblemCode,
    message: String,
    fields: Vec<FieldProblem>,
    request_id: Option<String>,
    retry_after_s: Option<u32>,
}

impl From<AppError> for Sent {
    fn from(AppError(problem): AppError) -> Self {
        let Problem { code, message, fields, request_id, retry_after_s } = problem;
        Self { code, message, fields, request_id, retry_after_s }
    }
}

impl From<Sent> for AppError {
    fn from(Sent { code, message, fields, request_id, retry_after_s }: Sent) -> Self {
        Self(Problem { code, message, fields, request_id, retry_after_s })
    }
}

impl AppError {
    /// Why, for programs.
    pub fn code(&self) -> ProblemCode {
        self.0.code
    }

    /// What was sent is not what this build reads or writes: the page is older than the server, or something on the way
    /// answered in its place.
    pub fn unreadable() -> Self {
        Self(Problem::new(ProblemCode::Internal, "The answer could not be read. Reload the page."))
    }

    /// The page was loaded from another build than the one that answers.
    pub fn outdated() -> Self {
        Self(Problem::new(ProblemCode::Conflict, "Assay was updated since this page was loaded. Reload the page."))
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for AppError {}

/// Use `?` or [`refuse`] in server functions: on the server it also sets the HTTP status, which Leptos 0.8 would leave at 500.
impl From<Problem> for AppError {
    fn from(problem: Problem) -> Self {
        #[cfg(feature = "ssr")]
        set_status(problem.code.status());
        Self(problem)
    }
}

/// Refuses with a problem, with the status its code is sent with.
pub fn refuse<T>(problem: Problem) -> Result<T, AppError> {
    Err(problem.into())
}

impl FromServerFnError for AppError {
    type Encoder = Wire;

    /// What the framework itself reports: a request that could not be sent, or arguments that do not decode.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (code, message) = match error {
            ServerFnErrorErr::Request(_) => (
                ProblemCode::Unavailable,
                "The server could not be reached. Check the connection and try again.".to_owned(),
            ),
            ServerFnErrorErr::Args(reason) | ServerFnErrorErr::MissingArg(reason) => {
                (ProblemCode::Invalid, format!("The request could not be read: {reason}"))
            }
            _ => (ProblemCode::Internal, "Something went wrong on our side. Try again.".to_owned()),
        };
        Problem::new(code, message).into()
    }
}

/// Sets the status of the response being drawn, also of a whole page. Does nothing outside a request.
#[cfg(feature = "ssr")]
pub fn set_status(status: u16) {
    use axum::http::StatusCode;
    use leptos::prelude::use_context;

    if let (Some(response), Ok(status)) = (use_context::<leptos_axum::ResponseOptions>(), StatusCode::from_u16(status))
    {
        response.set_status(status);
    }
}
