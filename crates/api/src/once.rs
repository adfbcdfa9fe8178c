//! `Idempotency-Key` on `POST /api/v1`: what is sent twice is done once. Only answers that say something was done are kept,
//! so a request that was refused may be corrected and sent again under its key.

use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{FromRequestParts as _, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
        request::Parts,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use services::{
    ServiceError,
    repeats::{Begun, KeptAnswer, MAX_ANSWER_BYTES, Ticket, fingerprint},
};

use crate::{
    extract::{Caller, Held, MAX_JSON_BYTES, read_body},
    refusal::Refusal,
    request_id,
    state::ApiState,
};

/// How a request is called by whoever sends it.
static KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Put into an answer that shows a secret this once: it is not kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownOnce;

/// Lets everything through but what says how it is called; that is done once.
pub(crate) async fn answer_once(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let post = request.method() == Method::POST && request.uri().path().starts_with("/api/v1/");
    if !post || !request.headers().contains_key(&KEY) {
        return next.run(request).await;
    }
    once(state, request, next).await.unwrap_or_else(Refusal::into_response)
}

async fn once(state: ApiState, request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &state).await?;
    let key = parts.headers.get(&KEY).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    // As it was sent, whatever its encoding: the handler reads it again.
    let limit = MAX_JSON_BYTES.min(state.config.max_body_bytes);
    let Held { bytes, share } = read_body(&HeaderMap::new(), body, limit, Some(&state.services.ingest)).await?;
    let print = print_of(&parts, &bytes);
    let ticket = match state.services.repeats.begin(&caller.actor, caller.project, &key, print).await? {
        Begun::First(ticket) => ticket,
        Begun::Repeat(answer) => return Ok(again(answer)),
    };
    parts.extensions.insert(caller);
    let request = Request::from_parts(parts, Body::from(bytes));
    // In a task of its own: a client that hangs up must not stop half way what it will send again.
    let task = tokio::spawn(request_id::carried(async move {
        let response = next.run(request).await;
        drop(share);
        conclude(&state, ticket, response).await
    }));
    match task.await {
        Ok(response) => Ok(response),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(cancelled) => Err(ServiceError::Internal(Box::new(cancelled)).into()),
        },
    }
}

/// What the request asks for: address, form and content.
fn print_of(parts: &Parts, body: &[u8]) -> [u8; 32] {
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    let header = |name: &HeaderName| parts.headers.get(name).map_or(&[][..], HeaderValue::as_bytes);
    fingerprint([address.as_bytes(), header(&CONTENT_TYPE), header(&CONTENT_ENCODING), body])
}

/// Keeps the answer of what was done, and frees the key of what was not.
async fn conclude(state: &ApiState, ticket: Ticket, response: Response) -> Response {
    let repeats = &state.services.repeats;
    if !response.status().is_success() {
        if let Err(error) = repeats.release(ticket).await {
            tracing::warn!(%error, "could not free an idempotency key");
        }
        return response;
    }
    let small = response.body().size_hint().upper().is_some_and(|bytes| bytes <= MAX_ANSWER_BYTES as u64);
    let keep = small && response.extensions().get::<ShownOnce>().is_none();
    let (parts, body) = response.into_parts();
    let (kept, body) = if keep {
        match to_bytes(body, MAX_ANSWER_BYTES).await {
            Ok(bytes) => {
                let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
                let answer = KeptAnswer {
                    status: parts.status.as_u16(),
                    content_type: content_type.unwrap_or_default().to_owned(),
                    body: bytes.to_vec(),
                };
                (Some(answer), Body::from(bytes))
            }
            // A body that fails half way fails for the client as well.
            Err(error) => return Refusal::from(ServiceError::Internal(Box::new(error))).into_response(),
        }
    } else {
        (None, body)
    };
    if let Err(error) = repeats.conclude(ticket, kept.as_ref()).await {
        tracing::error!(%error, "could not keep the answer of a request that was done");
    }
    Response::from_parts(parts, body)
}

/// The answer given before.
fn again(answer: KeptAnswer) -> Response {
    let mut response = Body::from(answer.body).into_response();
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&answer.content_type)
        && !kind.is_empty()
    {
        headers.insert(CONTENT_TYPE, kind);
    }
    headers.insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    response
}
