use axum::{
    Router,
    body::Body,
    http::{
        HeaderName, HeaderValue, Method, Request,
        header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN},
    },
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::auth::SESSION_COOKIES;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::Answer;

/// Where requests seem to be sent to.
const HOST_NAME: &str = "assay.test";

/// Asks as one actor.
#[derive(Clone)]
pub struct Client {
    router: Router,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A request being put together.
pub struct Sender {
    router: Router,
    request: Request<Body>,
}

impl Client {
    pub(crate) fn anonymous(router: Router) -> Self {
        // A fixed request id makes problems the same in every run.
        let id = (HeaderName::from_static("x-request-id"), HeaderValue::from_static("test"));
        Self { router, headers: vec![(HOST, HeaderValue::from_static(HOST_NAME)), id] }
    }

    pub(crate) fn pair(router: Router, public_key: &str, secret_key: &str) -> Self {
        let pair = BASE64_STANDARD.encode(format!("{public_key}:{secret_key}"));
        Self::anonymous(router).with(AUTHORIZATION, &format!("Basic {pair}"))
    }

    pub(crate) fn bearer(router: Router, secret_key: &str) -> Self {
        Self::anonymous(router).with(AUTHORIZATION, &format!("Bearer {secret_key}"))
    }

    pub(crate) fn person(router: Router, token: &str, project: &str) -> Self {
        Self::anonymous(router)
            .with(COOKIE, &format!("theme=dark; {}={token}", SESSION_COOKIES[1]))
            .with(ORIGIN, &format!("http://{HOST_NAME}"))
            .with(HeaderName::from_static("x-assay-project"), project)
    }

    /// The same actor with one more header; an earlier one of that name is replaced.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, HeaderValue::from_str(value).expect("a header value")));
        self
    }

    /// The same actor without a header.
    #[must_use]
    pub fn without(mut self, name: &HeaderName) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    /// Begins a request.
    pub fn request(&self, method: Method, path: &str) -> Sender {
        let mut request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        request.headers_mut().extend(self.headers.iter().cloned());
        Sender { router: self.router.clone(), request }
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    /// Sends JSON.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path).json(body).send().await
    }

    /// Sends JSON.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }
}

impl Sender {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.header(CONTENT_TYPE, "application/json").body(body.to_string())
    }

    /// Any body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// Sends it and gives the answer as it begins, for one that does not end.
    pub async fn open(self) -> axum::response::Response {
        self.router.oneshot(self.request).await.expect("a router always answers")
    }

    /// Sends it and reads the answer to its end.
    pub async fn send(self) -> Answer {
        Answer::of(self.open().await).await
    }
}
