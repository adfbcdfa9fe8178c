//! `/openapi.json`: made from the routes themselves, so that it cannot lie about them.

use axum::{Json, Router, routing::get};
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi, Paths,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Assay",
        description = "Manage prompts, split live traffic between versions, and see whether it helped. A key belongs to one \
                       project; a person says which with `?project=` or `x-assay-project`. A `POST` below `/api/v1` with an \
                       `Idempotency-Key` is done once: within 24 hours its repeat gets the first answer again, with \
                       `Idempotency-Replayed: true`. Errors on `/api/v1` are problem \
                       documents, on `/api/public` `{\"error\", \"message\"}`."
    ),
    security(("pair" = []), ("secret" = [])),
)]
struct Base;

/// What is true of every address.
pub(crate) fn base() -> OpenApi {
    let mut document = Base::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("pair", SecurityScheme::Http(Http::new(HttpAuthScheme::Basic)));
    components.add_security_scheme("secret", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    document
}

/// Serves the document, with paths written as OpenAPI writes them.
pub(crate) fn serve<S: Clone + Send + Sync + 'static>(mut document: OpenApi) -> Router<S> {
    let paths = std::mem::replace(&mut document.paths, Paths::new());
    for (path, item) in paths.paths {
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
    Router::new().route("/openapi.json", get(move || async move { Json(document) }))
}
