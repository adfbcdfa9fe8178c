//! Where events are read back by the SDKs.

use axum::http::Method;
use testkit::otlp;

use super::{OURS, door::Door};

pub(super) fn doors() -> Vec<Door> {
    vec![
        Door::reading("GET /api/public/traces", "/api/public/traces")
            .path("page zero", "/api/public/traces?page=0")
            .path("page that is no number", "/api/public/traces?page=one")
            .path("page too far down", "/api/public/traces?page=1000000")
            .path("limit zero", "/api/public/traces?limit=0")
            .path("limit that is no number", "/api/public/traces?limit=all")
            .path("time that is none", "/api/public/traces?fromTimestamp=soon")
            .path(
                "range that ends before it begins",
                "/api/public/traces?fromTimestamp=2026-11-22T00:00:00Z&toTimestamp=2026-11-21T00:00:00Z",
            )
            .path("order nobody keeps", "/api/public/traces?orderBy=name.asc")
            .path("filter nobody understands", "/api/public/traces?filter=%5B%5D")
            .path("invalid UTF-8 in the query", "/api/public/traces?name=%FF"),
        Door::reading("GET /api/public/v2/observations", "/api/public/v2/observations")
            .path("cursor that is none", "/api/public/v2/observations?cursor=xyz")
            .path("type nobody knows", "/api/public/v2/observations?type=PICTURE")
            .path("level nobody knows", "/api/public/v2/observations?level=LOUD")
            .path("trace id that is none", "/api/public/v2/observations?traceId=xyz")
            .path("zero parent id", "/api/public/v2/observations?parentObservationId=0000000000000000")
            .path("flag that is none", "/api/public/v2/observations?isRootObservation=maybe"),
        Door::reading("GET /api/public/observations/{id}", "/api/public/observations/00000000000000ab")
            .path("observation nobody knows", "/api/public/observations/00000000000000ff")
            .path("zero id", "/api/public/observations/0000000000000000")
            .path("id that is none", "/api/public/observations/xyz"),
        Door::reading("GET /api/public/sessions/{id}", "/api/public/sessions/nobody"),
        Door::reading("GET /api/public/v2/scores", "/api/public/v2/scores")
            .path("value that is no number", "/api/public/v2/scores?value=much")
            .path("operator nobody knows", "/api/public/v2/scores?value=1&operator=about")
            .path("source nobody knows", "/api/public/v2/scores?source=EVAL")
            .path("trace id that is none", "/api/public/v2/scores?traceId=xyz"),
        Door::reading("GET /api/public/v3/scores", "/api/public/v3/scores")
            .path("cursor that is none", "/api/public/v3/scores?cursor=xyz")
            .path("value that is no number", "/api/public/v3/scores?valueMin=NaN"),
        Door::reading("DELETE /api/public/scores/{id}", "/api/public/scores/nobody").with_method(Method::DELETE),
        Door::reading("GET /api/public/traces/{id}", &format!("/api/public/traces/{OURS}"))
            .path("trace nobody knows", &format!("/api/public/traces/{}", otlp::ORPHAN))
            .path("zero id", "/api/public/traces/00000000000000000000000000000000")
            .path("id that is none", "/api/public/traces/xyz")
            .path("invalid UTF-8 in the path", "/api/public/traces/%FF"),
    ]
}
