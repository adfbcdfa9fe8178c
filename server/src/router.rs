//! Every route of the server, grouped by who calls it.

use app::App;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode},
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use tracing::{Level, Span};

use crate::{security, site, state::AppState};

pub(crate) fn router(state: AppState) -> Router {
    let pages = Router::new().leptos_routes_with_context(
        &state,
        generate_route_list(App),
        page_context(&state),
        app::shell::shell,
    );

    Router::new()
        // operators
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(|| async { "ok\n" })) // WIRING: 503 until the stores are open.
        // WIRING: `/metrics`, `/openapi.json`.
        // SDKs, collectors, customers
        // WIRING: `.merge(api::router(…))` with the REST, SDK-compatible and OTLP routes; they bring their own fallback.
        // browsers
        .merge(site::routes())
        .merge(pages)
        .fallback(not_found)
        .layer(middleware::from_fn(security::headers))
        .layer(CatchPanicLayer::new())
        .layer(
            // Never the query: it may carry a one-time token.
            TraceLayer::new_for_http()
                .make_span_with(|request: &Request| {
                    tracing::span!(Level::INFO, "request", method = %request.method(), path = request.uri().path())
                })
                .on_request(())
                .on_response(|response: &Response, took: std::time::Duration, _: &Span| {
                    tracing::debug!(status = response.status().as_u16(), duration_ms = took.as_millis() as u64, "answered");
                }),
        )
        .with_state(state)
}

/// What every page and server function finds in its context.
fn page_context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let site = state.site.page_site();
    move || {
        site.provide();
        security::send_page_policy();
        // WIRING: provide `Services` and the request's `Actor`.
    }
}

/// Addresses nobody claims: the designed page for people, a bare status for everything else.
async fn not_found(State(state): State<AppState>, request: Request) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    leptos_axum::render_app_async_with_context(page_context(&state), app::shell::shell)(request).await
}
