//! One id a request: taken from a proxy that sent a decent one, else made here; in every answer, log line and problem.

use axum::{extract::Request, http::HeaderValue, middleware::Next, response::Response};
use tracing::Instrument as _;
use uuid::Uuid;

/// The header that carries it both ways.
pub const HEADER: &str = "x-request-id";

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request being answered; none outside of one.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Carries the id of the request being answered into a task of its own, which is logged under it as well.
pub(crate) fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(current().unwrap_or_default(), work.in_current_span())
}

/// Gives the request its id for as long as it is answered. Nested use keeps the outer id.
pub async fn assign(mut request: Request, next: Next) -> Response {
    if current().is_some() {
        return next.run(request).await;
    }
    let id = request
        .headers()
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .filter(|text| decent(text))
        .map_or_else(|| Uuid::now_v7().simple().to_string(), str::to_owned);
    let header = HeaderValue::from_str(&id);
    // Never the query: it may carry a one-time token.
    let span = tracing::info_span!("request", id, method = %request.method(), path = request.uri().path());
    if let Ok(header) = &header {
        request.headers_mut().insert(HEADER, header.clone());
    }
    let mut response = CURRENT.scope(id, next.run(request).instrument(span)).await;
    if let Ok(header) = header {
        response.headers_mut().insert(HEADER, header);
    }
    response
}

/// Short and plain, so that it can stand in a log line.
fn decent(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
