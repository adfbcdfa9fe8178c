use axum::{
    extract::FromRequestParts,
    http::{
        HeaderMap,
        header::{AUTHORIZATION, COOKIE},
        request::Parts,
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    Problem,
    auth::{Actor, CLIENT_KEY_PREFIX, SESSION_COOKIES},
    ids::ProjectId,
    problem::ProblemCode,
};
use services::ServiceError;

use crate::{
    origin,
    rate::Bucket,
    refusal::{Refusal, SdkRefusal},
    state::ApiState,
};

/// Says which project a person means; a key belongs to one.
const PROJECT_HEADER: &str = "x-assay-project";

/// Who asks `/api/v1`, and of which project. Keys and sessions are welcome.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) actor: Actor,
    pub(crate) project: ProjectId,
}

/// Who asks, where the project does not matter.
#[derive(Clone, Debug)]
pub(crate) struct Person(pub(crate) Actor);

/// Who asks on the routes of the SDKs: a key and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct SdkCaller {
    pub(crate) actor: Actor,
    pub(crate) project: ProjectId,
}

/// The same, counted against the rate limit of events.
#[derive(Clone, Debug)]
pub(crate) struct IngestCaller {
    pub(crate) actor: Actor,
    pub(crate) project: ProjectId,
}

impl FromRequestParts<ApiState> for SdkCaller {
    type Rejection = SdkRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, SdkRefusal> {
        let (actor, project) = key(parts, state, Bucket::Api).await?;
        Ok(Self { actor, project })
    }
}

impl FromRequestParts<ApiState> for IngestCaller {
    type Rejection = SdkRefusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, SdkRefusal> {
        let (actor, project) = key(parts, state, Bucket::Ingest).await?;
        Ok(Self { actor, project })
    }
}

impl FromRequestParts<ApiState> for Person {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        let actor = anyone(parts, state).await?;
        state.rates.take(Bucket::Api, &actor)?;
        Ok(Self(actor))
    }
}

impl FromRequestParts<ApiState> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Refusal> {
        // Asked once a request: `once` has to know before the handler does.
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let Person(actor) = Person::from_request_parts(parts, state).await?;
        let project = project_of(&actor, parts, state).await?;
        Ok(Self { actor, project })
    }
}

async fn key(parts: &Parts, state: &ApiState, bucket: Bucket) -> Result<(Actor, ProjectId), ServiceError> {
    let actor = by_key(&parts.headers, state).await.unwrap_or(Err(ServiceError::Unauthenticated))?;
    state.rates.take(bucket, &actor)?;
    match &actor {
        Actor::Key { project, .. } => {
            let project = *project;
            Ok((actor, project))
        }
        _ => Err(ServiceError::Unauthenticated),
    }
}

/// A key if one is sent, else a session. A wrong key is not forgiven because of a session beside it.
async fn anyone(parts: &Parts, state: &ApiState) -> Result<Actor, Refusal> {
    if let Some(actor) = by_key(&parts.headers, state).await {
        return Ok(actor?);
    }
    let token = session_token(&parts.headers).ok_or(ServiceError::Unauthenticated)?;
    let person = state.services.access.authenticate_session(token).await?;
    if !origin::allows(&parts.method, &parts.headers, state.config.public_url.as_deref()) {
        let message = "A browser may change things only from Assay's own pages; programs use an API key.";
        return Err(Problem::new(ProblemCode::Forbidden, message).into());
    }
    Ok(person.actor)
}

/// The client key of a request, if it carries one. It is public, so it is told by its first letters.
pub(crate) fn client_key(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = credentials.trim();
    (scheme.eq_ignore_ascii_case("bearer") && credentials.starts_with(CLIENT_KEY_PREFIX)).then_some(credentials)
}

async fn by_key(headers: &HeaderMap, state: &ApiState) -> Option<Result<Actor, ServiceError>> {
    let value = headers.get(AUTHORIZATION)?;
    let access = &state.services.access;
    let Some((scheme, credentials)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Some(Err(ServiceError::Unauthenticated));
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(access.authenticate_secret(credentials.trim()).await);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Some(Err(ServiceError::Unauthenticated));
    }
    let decoded = BASE64_STANDARD.decode(credentials.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((public_key, secret_key)) => Some(access.authenticate_pair(public_key, secret_key).await),
        None => Some(Err(ServiceError::Unauthenticated)),
    }
}

/// The token of the session's cookie, if the request carries one.
fn session_token(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| SESSION_COOKIES.contains(&name).then_some(value))
}

async fn project_of(actor: &Actor, parts: &Parts, state: &ApiState) -> Result<ProjectId, ServiceError> {
    let named = named_project(parts);
    let Actor::Key { project, .. } = actor else {
        let slug = named.ok_or_else(|| {
            ServiceError::field(
                "project",
                "a person belongs to several projects; say which with `?project=` or `x-assay-project`",
            )
        })?;
        return Ok(state.services.access.project_by_slug(actor, &slug).await?.id);
    };
    // A key that names another project than its own must not silently answer for its own.
    if let Some(slug) = named
        && state.services.access.projects(actor).await?.iter().all(|own| own.slug.as_str() != slug)
    {
        return Err(ServiceError::NotFound { entity: "project", id: slug });
    }
    Ok(*project)
}

fn named_project(parts: &Parts) -> Option<String> {
    let from_header = parts.headers.get(PROJECT_HEADER).and_then(|value| value.to_str().ok());
    let in_query = || parts.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("project="));
    from_header.or_else(in_query).map(str::to_owned)
}
