//! The doors web pages of other sites may use: who asks, and what their browsers are told (CORS).

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap, HeaderName, Method,
        header::{AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, ORIGIN, RETRY_AFTER},
        request::Parts,
    },
};
use domain::{auth::Actor, ids::ProjectId};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    extract::{Caller, client_key},
    origin,
    rate::Bucket,
    refusal::Refusal,
    request_id,
    state::ApiState,
};

/// How long a browser may remember what it was told.
const MAX_AGE: Duration = Duration::from_mins(10);

/// Who asks from a web page: a client key from one of its origins, or whoever may use the interface anyway.
#[derive(Clone, Debug)]
pub(crate) struct WebCaller {
    pub(crate) actor: Actor,
    pub(crate) project: ProjectId,
}

impl FromRequestParts<ApiState> for WebCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let Some(key) = client_key(&parts.headers) else {
            let Caller { actor, project } = Caller::from_request_parts(parts, state).await?;
            return Ok(Self { actor, project });
        };
        by_client_key(state, &parts.headers, key).await
    }
}

/// The same, with the client key as it stands in the address.
pub(crate) async fn by_client_key(state: &ApiState, headers: &HeaderMap, key: &str) -> Result<WebCaller, Refusal> {
    let foreign = foreign_origin(headers, state);
    let actor = state.services.access.authenticate_client(key, foreign).await?;
    state.rates.take(Bucket::Web, &actor)?;
    match actor {
        Actor::Key { project, .. } => Ok(WebCaller { actor, project }),
        _ => Err(services::ServiceError::Unauthenticated.into()),
    }
}

/// The page's origin, unless it is a page of ours, which shows how a key works without being on its list.
fn foreign_origin<'a>(headers: &'a HeaderMap, state: &ApiState) -> Option<&'a str> {
    // An origin that is no text is nobody's.
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))?;
    // Asked as of a change: reads of a key's own doors are for its pages, too.
    let ours = headers.contains_key(HOST) && origin::allows(&Method::POST, headers, state.config.public_url.as_deref());
    (!ours).then_some(origin)
}

/// Lets every page read the answers. A key is checked against the page's origin when it is used: a preflight does not say
/// which key will follow. Cookies are never allowed along.
pub(crate) fn cors(methods: impl Into<tower_http::cors::AllowMethods>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(methods)
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH])
        .expose_headers([ETAG, RETRY_AFTER, HeaderName::from_static(request_id::HEADER)])
        .max_age(MAX_AGE)
}
