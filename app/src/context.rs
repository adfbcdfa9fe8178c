//! What a server function knows of its request: the services, who asks, which project. Server only.

use std::sync::Arc;

use axum::http::{
    HeaderValue,
    header::{COOKIE, SET_COOKIE},
    request::Parts,
};
use domain::{
    Invalid,
    auth::{Actor, Role, SESSION_COOKIES},
    project::Project,
    time::TimeUs,
};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;
use services::{
    ServiceError, Services,
    access::{NewSession, SignedInPerson},
};

use crate::error::AppError;

/// How this server is reached; provided to every request by `server`.
#[derive(Clone, Debug)]
pub struct Hosting {
    /// The address people and SDKs use, when it is configured; else the request's own host.
    pub public_url: Option<String>,
    /// Whether browsers come over https, so that the cookie may carry the `__Host-` prefix.
    pub secure: bool,
    /// Whether the client's address is in `x-forwarded-for`, because a trusted proxy puts it there.
    pub behind_proxy: bool,
}

/// Address of whoever sent the request, provided by `server`.
#[derive(Clone, Debug)]
pub struct ClientAddress(pub String);

/// What this server answers programs, as its OpenAPI document says it; provided by `server`.
#[derive(Clone, Debug)]
pub struct Interface(pub Arc<serde_json::Value>);

/// A visit to a project: everything a server function needs.
pub struct Visit {
    /// The use cases.
    pub services: Services,
    /// Who asks.
    pub actor: Actor,
    /// Their address, to show them.
    pub email: String,
    /// Their role in the project.
    pub role: Role,
    /// The project.
    pub project: Project,
    /// The present.
    pub now: TimeUs,
}

/// The signed-in visitor of a project.
///
/// # Errors
/// When nobody is signed in, or the visitor has nothing to do with the project.
pub async fn visit(slug: &str) -> Result<Visit, AppError> {
    let services = services();
    let person = person().await?;
    let project = services.access.project_by_slug(&person.actor, slug).await.map_err(refusal)?;
    let role = match &person.actor {
        Actor::Person { roles, .. } => roles.iter().find(|(id, _)| *id == project.id).map(|(_, role)| *role),
        _ => None,
    };
    let role = role.ok_or_else(|| refusal(ServiceError::Unauthenticated))?;
    let now = services.now();
    Ok(Visit { now, services, actor: person.actor, email: person.email.to_string(), role, project })
}

/// Whoever is signed in.
///
/// # Errors
/// When nobody is.
pub async fn person() -> Result<SignedInPerson, AppError> {
    let token = session_token().ok_or_else(|| refusal(ServiceError::Unauthenticated))?;
    let person = services().access.authenticate_session(&token).await.map_err(refusal)?;
    if person.extended {
        set_session(&token, person.expires_us);
    }
    Ok(person)
}

/// The OpenAPI document of this server.
pub fn interface() -> Arc<serde_json::Value> {
    expect_context::<Interface>().0
}

/// The use cases.
pub fn services() -> Services {
    expect_context()
}

/// Reads an argument.
///
/// # Errors
/// With the argument's name, what was wrong and what would be right.
pub fn parse<T: std::str::FromStr<Err = Invalid>>(field: &'static str, text: &str) -> Result<T, AppError> {
    text.parse().map_err(|error| refusal(ServiceError::of(field)(error)))
}

/// An error as the page sees it, with the response's status set and the cause logged once.
pub fn refusal(error: ServiceError) -> AppError {
    let request_id = use_context::<Parts>()
        .and_then(|parts| parts.headers.get("x-request-id").and_then(|id| id.to_str().ok().map(str::to_owned)));
    error.into_problem(request_id).into()
}

/// The address programs should use, without a slash at the end.
pub fn address() -> String {
    let hosting: Hosting = expect_context();
    if let Some(url) = hosting.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = use_context::<Parts>()
        .and_then(|parts| parts.headers.get("host").and_then(|host| host.to_str().ok().map(str::to_owned)));
    let scheme = if hosting.secure { "https" } else { "http" };
    format!("{scheme}://{}", host.unwrap_or_else(|| "127.0.0.1:3000".to_owned()))
}

/// The client's network address, for limits on attempts.
pub fn client() -> String {
    let direct = use_context::<ClientAddress>().map_or_else(String::new, |address| address.0);
    if !expect_context::<Hosting>().behind_proxy {
        return direct;
    }
    let forwarded = use_context::<Parts>()
        .and_then(|parts| parts.headers.get("x-forwarded-for").and_then(|list| list.to_str().ok().map(str::to_owned)));
    // The last entry is what our own proxy saw; what stands before it anybody may have written.
    forwarded.and_then(|list| list.rsplit(',').next().map(|last| last.trim().to_owned())).unwrap_or(direct)
}

/// The value of a cookie of the request.
pub fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<Parts>()?;
    parts
        .headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(own, value)| (own == name).then(|| value.to_owned()))
}

/// The session's token.
pub fn session_token() -> Option<String> {
    SESSION_COOKIES.iter().find_map(|name| cookie(name))
}

/// Sends a new session to the browser.
pub fn begin(session: &NewSession) {
    set_session(session.token.reveal(), session.expires_us);
}

/// Makes the browser forget the session.
pub fn end_session() {
    send_cookie("", 0);
}

fn set_session(token: &str, expires_us: TimeUs) {
    let seconds = expires_us.0.saturating_sub(services().now().0) / 1_000_000;
    send_cookie(token, seconds.max(0));
}

fn send_cookie(value: &str, max_age_s: i64) {
    let [over_https, plain] = SESSION_COOKIES;
    let (name, secure) = if expect_context::<Hosting>().secure { (over_https, "; Secure") } else { (plain, "") };
    let line = format!("{name}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    if let (Some(response), Ok(line)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&line)) {
        response.append_header(SET_COOKIE, line);
    }
}
