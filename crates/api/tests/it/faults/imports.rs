//! Doors to imports.

use axum::http::Method;

use super::door::Door;

pub(super) fn doors() -> Vec<Door> {
    let nobody = "00000000-0000-7000-8000-000000000000";
    let start = |name, path: &str| Door {
        kind: "application/octet-stream",
        good: b"{\"kind\": \"score\", \"session_id\": \"s\", \"name\": \"ok\", \"value\": true}\n".to_vec(),
        ..Door::reading(name, path).with_method(Method::POST)
    };
    vec![
        start("POST /api/v1/imports", "/api/v1/imports?format=jsonl&dry_run=true")
            .path("no format", "/api/v1/imports")
            .path("format nobody knows", "/api/v1/imports?format=xml")
            .path("dry_run that is none", "/api/v1/imports?format=csv&dry_run=maybe")
            .path("unknown parameter", "/api/v1/imports?format=csv&colour=1"),
        Door::reading("GET /api/v1/imports/{job}", &format!("/api/v1/imports/{nobody}"))
            .path("id that is none", "/api/v1/imports/xyz"),
        Door::reading("DELETE /api/v1/imports/{job}", &format!("/api/v1/imports/{nobody}"))
            .with_method(Method::DELETE)
            .path("id that is none", "/api/v1/imports/xyz"),
    ]
}
