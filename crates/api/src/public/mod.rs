//! The routes the unmodified Langfuse and ABV SDKs speak to. Shapes and statuses are theirs; see `SDK-PROTOCOL.md`.

mod account;
mod ingestion;
mod prompts;
mod scores;
mod traces;

use axum::http::Uri;
use domain::{Problem, problem::ProblemCode};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{refusal::SdkRefusal, state::ApiState};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(account::health))
        .routes(routes!(account::projects))
        .routes(routes!(prompts::list, prompts::create))
        .routes(routes!(prompts::get, prompts::remove, prompts::label))
        .routes(routes!(ingestion::ingest))
        .routes(routes!(scores::create))
        .routes(routes!(traces::get))
}

/// What an SDK is told about an address nobody answers.
pub(crate) async fn unknown(uri: Uri) -> SdkRefusal {
    Problem::new(ProblemCode::NotFound, format!("There is nothing at `{}`.", uri.path())).into()
}
