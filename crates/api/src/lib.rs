#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod export;
mod extract;
mod flags;
mod once;
mod openapi;
mod operate;
pub mod origin;
mod prompt_body;
mod public;
mod rate;
mod refusal;
pub mod request_id;
mod scores;
mod state;
mod v1;
mod watch;
mod web;

use axum::{Router, extract::DefaultBodyLimit, middleware, routing::any};
use services::Services;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use rate::RateLimits;
pub use state::ApiConfig;

use state::ApiState;

/// The OpenAPI document of the interface, as `/openapi.json` serves it.
///
/// # Errors
/// When it cannot be written as JSON, which no request can bring about.
pub fn document() -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(routes().1)
}

/// Every route and the document made from them.
fn routes() -> (Router<ApiState>, OpenApi) {
    let (routes, document) = OpenApiRouter::with_openapi(openapi::base())
        .merge(operate::routes())
        .merge(export::routes())
        .merge(public::routes())
        .merge(v1::routes())
        .merge(flags::routes())
        .split_for_parts();
    (routes, openapi::complete(document))
}

/// Every address of the interface, complete with request ids, limits, and answers for addresses nobody claims.
pub fn router(services: Services, config: ApiConfig) -> Router {
    let state = ApiState::new(services, config);
    let (routes, document) = routes();
    routes
        .merge(openapi::serve(document))
        .method_not_allowed_fallback(watch::wrong_method)
        .route("/api/public/{*rest}", any(public::unknown))
        .route("/v1/{*rest}", any(public::unknown))
        .route("/api/{*rest}", any(v1::unknown))
        .route("/ofrep/{*rest}", any(v1::unknown))
        .layer(middleware::from_fn_with_state(state.clone(), once::answer_once))
        // Bodies are read and bounded by `extract::body`, which counts after decompression.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(watch::after_panic))
        .layer(middleware::from_fn_with_state(state.clone(), watch::deadline))
        .layer(middleware::from_fn(watch::measure))
        .layer(middleware::from_fn(request_id::assign))
        .with_state(state)
}
