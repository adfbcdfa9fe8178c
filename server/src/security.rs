//! Response headers that limit what a page can do and who can frame it.

use axum::{
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use leptos::{nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;

use crate::state::AppState;

/// For everything that is not a page: nothing may be loaded from it.
const BARE_POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Sends the policy of the page being drawn, with the nonce its inline scripts carry. Call in the request's context.
///
/// No inline style is allowed anywhere. `'wasm-unsafe-eval'` compiles WASM and nothing else.
pub(crate) fn send_page_policy() {
    let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else { return };
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Adds the headers that every response has, unless its handler chose others.
pub(crate) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    default(headers, CONTENT_SECURITY_POLICY, BARE_POLICY);
    default(headers, X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    default(headers, X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // `no-referrer` would make browsers send `Origin: null` with our own forms.
    default(headers, REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    default(headers, HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    default(headers, HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    default(
        headers,
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    );
    // Pages and answers belong to one person.
    default(headers, CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// Refuses changes that a page of another origin makes a browser send, whether or not a session comes with them.
pub(crate) async fn same_origin(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if api::origin::allows(request.method(), request.headers(), state.reach.public_url.as_deref()) {
        return next.run(request).await;
    }
    tracing::info!(path = request.uri().path(), "refused a request from another origin");
    (StatusCode::FORBIDDEN, "This can only be done from Assay's own pages.\n").into_response()
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    headers.entry(name).or_insert(value);
}
