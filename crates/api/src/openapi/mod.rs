//! `/openapi.json`: made from the routes themselves, so that it cannot lie about them. What holds for many operations (who
//! may, how they refuse, what common parameters mean) is added here, once.

mod errors;
mod examples;
mod needs;
mod parameters;

use axum::{Json, Router, routing::get};
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi, Paths,
        path::{Operation, PathItem},
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::refusal::{FlagRefusalDocument, ProblemDocument, SdkRefusalDocument};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Assay",
        description = "Manage prompts, split live traffic between versions, and see whether it helped. A key belongs to one \
                       project; a person says which with `?project=` or `x-assay-project`. A `POST` below `/api/v1` with an \
                       `Idempotency-Key` is done once: within 24 hours its repeat gets the first answer again, with \
                       `Idempotency-Replayed: true`. Errors on `/api/v1` are problem \
                       documents, on `/api/public` `{\"error\", \"message\"}`. `x-needs` of an operation says who may call it: \
                       the `scopes` a key has to have (all of them), the `role` of a person, whether a `client_key` will do."
    ),
    security(("pair" = []), ("secret" = [])),
    components(schemas(ProblemDocument, SdkRefusalDocument, FlagRefusalDocument)),
    tags(
        (name = "Prompts", description = "Prompts, their versions, and the labels that point at versions."),
        (name = "Experiments", description = "Experiments on a label: drafts, what is done to them, results, events, exposures."),
        (name = "Resolve", description = "Which version a unit gets: one at a time, or all of them to decide offline."),
        (name = "Scores", description = "Scores of traces, spans and sessions, and the feedback of your users."),
        (name = "Traces", description = "What was recorded, trace by trace."),
        (name = "Query", description = "Numbers: every metric, split and filtered; and what counts for no prompt."),
        (name = "Prices", description = "What models cost: published prices, your own, and pricing again."),
        (name = "Imports", description = "Files of other tools, brought in as a job."),
        (name = "Projects", description = "Projects and their settings."),
        (name = "Keys", description = "Keys of programs and of web pages."),
        (name = "Members", description = "Who may see and change a project."),
        (name = "Flags", description = "Slots as feature flags: OpenFeature's remote evaluation protocol, and GrowthBook's features. \
                                        Give an OFREP provider this server's address and a key with the scope `resolve`; give \
                                        GrowthBook's SDK this address and a public client key."),
        (name = "OTLP", description = "OpenTelemetry over HTTP, protobuf or JSON, plain or packed by gzip or deflate. Set \
                                       `OTEL_EXPORTER_OTLP_ENDPOINT` to this server's address and \
                                       `OTEL_EXPORTER_OTLP_HEADERS` to `authorization=Basic …` (the key pair) or \
                                       `authorization=Bearer …` (the secret key)."),
        (name = "SDK", description = "What the SDKs of Langfuse and ABV call by themselves; give them this server's address and \
                                      a key pair. Bodies and answers have the shapes these SDKs write and read."),
        (name = "Operators", description = "For those who run the server."),
    ),
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

/// The document of the collected routes as it is served: with paths as OpenAPI writes them, and with everything that is said
/// here rather than at each route.
pub(crate) fn complete(mut document: OpenApi) -> OpenApi {
    document.components.get_or_insert_default().responses = errors::all();
    let paths = std::mem::replace(&mut document.paths, Paths::new());
    for (path, mut item) in paths.paths {
        for (method, operation) in operations(&mut item) {
            complete_operation(operation, method, &path);
        }
        document.paths.paths.insert(path.replace("{*", "{"), item);
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("POST", &mut item.post),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn complete_operation(operation: &mut Operation, method: &str, path: &str) {
    let id = operation.operation_id.clone().unwrap_or_default();
    parameters::describe(operation);
    examples::show(operation, &id);
    let Some(needs) = needs::of(&id) else { return };
    errors::add(operation, method, path, needs);
    operation.extensions.get_or_insert_default().insert("x-needs".to_owned(), needs.as_json());
}

/// Serves the document.
pub(crate) fn serve<S: Clone + Send + Sync + 'static>(document: OpenApi) -> Router<S> {
    Router::new().route("/openapi.json", get(move || async move { Json(document) }))
}
