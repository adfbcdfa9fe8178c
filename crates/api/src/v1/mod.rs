//! The versioned interface for everyone but the SDKs. Additions only; `openapi.json` is its contract.

mod erasures;
mod events;
mod experiments;
mod exposures;
mod feedback;
mod imports;
mod keys;
mod members;
mod planning;
mod prices;
mod projects;
mod prompts;
mod query;
mod range;
mod resolve;
mod results;
mod scores;
mod traces;
mod unlinked;

use axum::http::Uri;
use domain::{Problem, problem::ProblemCode};
use utoipa_axum::router::OpenApiRouter;

use crate::{refusal::Refusal, state::ApiState};

pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .merge(prompts::routes())
        .merge(experiments::routes())
        .merge(resolve::routes())
        .merge(query::routes())
        .merge(scores::routes())
        .merge(events::routes())
        .merge(exposures::routes())
        .merge(results::routes())
        .merge(planning::routes())
        .merge(feedback::routes())
        .merge(traces::routes())
        .merge(unlinked::routes())
        .merge(keys::routes())
        .merge(members::routes())
        .merge(projects::routes())
        .merge(erasures::routes())
        .merge(prices::routes())
        .merge(imports::routes())
}

/// What a program is told about an address nobody answers.
pub(crate) async fn unknown(uri: Uri) -> Refusal {
    let message = format!("There is nothing at `{}`; `/openapi.json` lists every address.", uri.path());
    Problem::new(ProblemCode::NotFound, message).into()
}
