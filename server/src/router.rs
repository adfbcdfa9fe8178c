//! Every route of the server, grouped by who calls it.

use std::{net::SocketAddr, sync::Arc};

use app::{
    App,
    context::{ClientAddress, Hosting},
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{Method, StatusCode, request::Parts},
    middleware,
    response::{IntoResponse as _, Response},
    routing::post,
};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes as _, generate_route_list};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    compression, security, site,
    state::{AppState, Reach},
    theme,
};

pub(crate) fn router(state: AppState) -> Router {
    let pages = Router::new()
        .leptos_routes_with_context(&state, generate_route_list(App), page_context(&state), app::shell::shell)
        .route("/theme", post(theme::choose))
        .layer(middleware::from_fn_with_state(state.clone(), security::same_origin))
        .fallback(not_found)
        .layer(compression::layer());

    // Addresses of programs come with their own limits, answers and fallbacks.
    let programs = api::router(state.services.clone(), state.api.clone());
    Router::new()
        .merge(site::routes())
        .merge(pages)
        .layer(CatchPanicLayer::new())
        .layer(middleware::from_fn(api::request_id::assign))
        .with_state(state)
        .merge(programs)
        .layer(middleware::from_fn(security::headers))
}

/// What every page and server function finds in its context.
fn page_context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let site = state.site.page_site();
    let services = state.services.clone();
    let reach = Arc::clone(&state.reach);
    let interface = state.interface.clone();
    move || {
        site.provide();
        security::send_page_policy();
        provide_context(services.clone());
        provide_context(interface.clone());
        provide_visitor(&reach);
    }
}

/// Where the request comes from and how answers reach it.
fn provide_visitor(reach: &Reach) {
    let peer = use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip()));
    provide_context(Hosting {
        public_url: reach.public_url.clone(),
        secure: reach.secure,
        behind_proxy: peer.is_some_and(|peer| reach.trusted_proxies.contains(&peer)),
    });
    provide_context(ClientAddress(peer.map_or_else(String::new, |peer| peer.to_string())));
}

/// Addresses nobody claims: the designed page for people, a bare status for everything else.
async fn not_found(State(state): State<AppState>, request: Request) -> Response<Body> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::NOT_FOUND.into_response();
    }
    leptos_axum::render_app_async_with_context(page_context(&state), app::shell::shell)(request).await
}
