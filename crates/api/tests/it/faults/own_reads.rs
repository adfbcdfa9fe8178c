//! Where our own interface reads: prompts, traces, experiments, lists of jobs.

use testkit::otlp;

use super::{OURS, door::Door};
use crate::results;

pub(super) fn doors() -> Vec<Door> {
    let experiment = |part: &str| format!("/api/v1/experiments/{}/{part}", results::KEY);
    let ghost = |part: &str| format!("/api/v1/experiments/ghost/{part}");
    vec![
        Door::reading("GET /api/v1/prompts", "/api/v1/prompts")
            .path("cursor that is none", "/api/v1/prompts?cursor=x")
            .path("page too large", "/api/v1/prompts?limit=9999")
            .path("unknown parameter", "/api/v1/prompts?colour=red")
            .path("invalid UTF-8 in the query", "/api/v1/prompts?tag=%FF"),
        Door::reading("GET /api/v1/prompts/{name}", "/api/v1/prompts/greet")
            .path("prompt nobody knows", "/api/v1/prompts/ghost")
            .path("invalid UTF-8 in the path", "/api/v1/prompts/gr%FFeet"),
        Door::reading("GET /api/v1/prompts/{name}/versions", "/api/v1/prompts/greet/versions")
            .path("cursor that is none", "/api/v1/prompts/greet/versions?cursor=x")
            .path("prompt nobody knows", "/api/v1/prompts/ghost/versions"),
        Door::reading("GET /api/v1/prompts/{name}/versions/{version}", "/api/v1/prompts/greet/versions/latest")
            .path("version nobody knows", "/api/v1/prompts/greet/versions/99")
            .path("version zero", "/api/v1/prompts/greet/versions/0")
            .path("label that is none", "/api/v1/prompts/greet/versions/Not%20A%20Label"),
        Door::reading("GET /api/v1/prompts/{name}/label-moves", "/api/v1/prompts/greet/label-moves")
            .path("prompt nobody knows", "/api/v1/prompts/ghost/label-moves"),
        Door::reading("GET /api/v1/traces", "/api/v1/traces")
            .path("cursor that is none", "/api/v1/traces?cursor=x")
            .path("range that is none", "/api/v1/traces?range=soon")
            .path("version that is no number", "/api/v1/traces?prompt=greet&version=one")
            .path("page too large", "/api/v1/traces?limit=9999")
            .path("unknown parameter", "/api/v1/traces?colour=red"),
        Door::reading("GET /api/v1/traces/{trace}", &format!("/api/v1/traces/{OURS}"))
            .path("trace nobody knows", &format!("/api/v1/traces/{}", otlp::ORPHAN))
            .path("id that is none", "/api/v1/traces/xyz"),
        Door::reading(
            "GET /api/v1/traces/{trace}/spans/{span}/io",
            &format!("/api/v1/traces/{OURS}/spans/00000000000000ab/io"),
        )
        .path("span nobody knows", &format!("/api/v1/traces/{OURS}/spans/00000000000000ff/io"))
        .path("zero span id", &format!("/api/v1/traces/{OURS}/spans/0000000000000000/io")),
        Door::reading("GET /api/v1/experiments/{experiment}", &format!("/api/v1/experiments/{}", results::KEY))
            .path("experiment nobody knows", "/api/v1/experiments/ghost")
            .path("key that is none", "/api/v1/experiments/Two%20Words"),
        Door::reading("GET /api/v1/experiments/{experiment}/activity", &experiment("activity"))
            .path("cursor that is none", &experiment("activity?cursor=x"))
            .path("experiment nobody knows", &ghost("activity")),
        Door::reading("GET /api/v1/experiments/{experiment}/check", &experiment("check"))
            .path("experiment nobody knows", &ghost("check")),
        Door::reading("GET /api/v1/experiments/{key}/results", &experiment("results"))
            .path("method nobody knows", &experiment("results?method=guess"))
            .path("unknown parameter", &experiment("results?colour=red"))
            .path("experiment nobody knows", &ghost("results")),
        Door::reading("GET /api/v1/experiments/{key}/results.csv", &experiment("results.csv"))
            .path("method nobody knows", &experiment("results.csv?method=guess"))
            .path("experiment nobody knows", &ghost("results.csv")),
        Door::reading("GET /api/v1/experiments/{key}/timeseries", &experiment("timeseries"))
            .path("phase that is no number", &experiment("timeseries?phase=one"))
            .path("experiment nobody knows", &ghost("timeseries")),
        Door::reading("GET /api/v1/experiments/{key}/health", &experiment("health"))
            .path("phase nobody knows", &experiment("health?phase=99"))
            .path("experiment nobody knows", &ghost("health")),
        Door::reading("GET /api/v1/experiments/{key}/explain", &experiment("explain?unit=ana"))
            .path("no unit", &experiment("explain"))
            .path("experiment nobody knows", &ghost("explain?unit=ana")),
        Door::reading("GET /api/v1/events", "/api/v1/events"),
        Door::reading("GET /api/v1/prices", "/api/v1/prices"),
        Door::reading("GET /api/v1/prices/unpriced", "/api/v1/prices/unpriced"),
        Door::reading("GET /api/v1/prices/reprice", "/api/v1/prices/reprice"),
        Door::reading("GET /api/v1/imports", "/api/v1/imports"),
    ]
}
