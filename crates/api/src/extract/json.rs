use axum::extract::{FromRequest, Request};
use domain::{
    Problem,
    problem::{FieldProblem, ProblemCode},
};
use serde::de::DeserializeOwned;

use super::body::{Kind, read};
use crate::{
    refusal::{Failure, Refusal, SdkRefusal},
    state::ApiState,
};

/// JSON that people and programs write by hand: prompts, questions, keys.
pub(crate) const MAX_JSON_BYTES: usize = 8 * 1024 * 1024;

/// A JSON body of `/api/v1`. What is wrong is named by its path.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body on the routes of the SDKs.
pub(crate) struct SdkBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ApiState> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, Refusal> {
        Ok(Self(json(request, state).await?))
    }
}

impl<T: DeserializeOwned> FromRequest<ApiState> for SdkBody<T> {
    type Rejection = SdkRefusal;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, SdkRefusal> {
        Ok(Self(json(request, state).await?))
    }
}

async fn json<T: DeserializeOwned>(request: Request, state: &ApiState) -> Result<T, Failure> {
    let (parts, body) = request.into_parts();
    Kind::of(&parts.headers, &[Kind::Json])?;
    let limit = MAX_JSON_BYTES.min(state.config.max_body_bytes);
    let held = read(&parts.headers, body, limit, None).await?;
    Ok(parse(&held.bytes)?)
}

/// Reads JSON and says where it is wrong. Nesting is bounded by `serde_json` at 128 levels.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    parse_as("body", bytes)
}

/// The same where it is called something else as a whole.
pub(crate) fn parse_as<T: DeserializeOwned>(whole: &str, bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        // `?` is a name that was not read to its end.
        refused(if matches!(path.as_str(), "." | "?") { whole.to_owned() } else { path }, error.inner())
    })?;
    reader.end().map_err(|error| refused(whole.to_owned(), &error))?;
    Ok(value)
}

fn refused(field: String, error: &serde_json::Error) -> Problem {
    let message = format!("`{field}`: {error}.");
    Problem { fields: vec![FieldProblem::new(field, error)], ..Problem::new(ProblemCode::Invalid, message) }
}
