//! The routes the unmodified Langfuse and ABV SDKs speak to. Shapes and statuses are theirs; see `SDK-PROTOCOL.md`.

mod account;
mod datasets;
mod ingestion;
mod media;
mod metrics;
mod notes;
mod observations;
mod prompts;
mod scores;
mod sessions;
mod shapes;
mod traces;

use axum::http::Uri;
use domain::{Problem, problem::ProblemCode};
use serde_json::{Value, json};
use services::Numbered;
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
        .routes(routes!(scores::remove))
        .routes(routes!(scores::list_v2))
        .routes(routes!(scores::get))
        .routes(routes!(scores::list_v3))
        .routes(routes!(traces::list))
        .routes(routes!(traces::get))
        .routes(routes!(observations::list))
        .routes(routes!(observations::get))
        .routes(routes!(observations::list_v2))
        .routes(routes!(metrics::ask))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::get))
        .routes(routes!(media::announce))
        .routes(routes!(media::get, media::report))
        .routes(routes!(media::read, media::send))
        .routes(routes!(datasets::list, datasets::create))
        .routes(routes!(datasets::get))
        .routes(routes!(datasets::list_items, datasets::create_item))
        .routes(routes!(datasets::get_item, datasets::remove_item))
        .routes(routes!(datasets::list_run_items, datasets::create_run_item))
        .routes(routes!(datasets::list_runs))
        .routes(routes!(datasets::get_run, datasets::remove_run))
        .routes(routes!(notes::list_comments, notes::create_comment))
        .routes(routes!(notes::get_comment))
        .routes(routes!(notes::list_configs, notes::create_config))
        .routes(routes!(notes::get_config, notes::change_config))
}

/// What an SDK is told about an address nobody answers.
pub(crate) async fn unknown(uri: Uri) -> SdkRefusal {
    Problem::new(ProblemCode::NotFound, format!("There is nothing at `{}`.", uri.path())).into()
}

/// A page by number, as the SDKs of generation 3 want lists.
fn numbered<T>(page: &Numbered<T>, data: Vec<Value>) -> Value {
    json!({
        "data": data,
        "meta": {
            "page": page.page, "limit": page.limit, "totalItems": page.total_items, "totalPages": page.total_pages,
        },
    })
}
