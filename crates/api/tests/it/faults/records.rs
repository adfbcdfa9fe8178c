//! Where media, datasets, runs, comments and score configurations are kept.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::otlp;

use super::{deep, door::Door};

pub(super) fn doors() -> Vec<Door> {
    let media = json!({"contentType": "image/png", "contentLength": 3, "sha256Hash": format!("{}=", "A".repeat(43))});
    let of_media = |field: &str, value: Value| {
        let mut changed = media.clone();
        changed[field] = value;
        changed
    };
    vec![
        Door::json(
            "PATCH /api/public/media/{media}",
            Method::PATCH,
            "/api/public/media/BBBBBBBBBBBBBBBBBBBBBB",
            &json!({"uploadHttpStatus": 200}),
        )
        .body("wrong types", &json!({"uploadHttpStatus": "fine"})),
        Door::json(
            "PATCH /api/public/score-configs/{config}",
            Method::PATCH,
            "/api/public/score-configs/00000000-0000-7000-8000-000000000000",
            &json!({"isArchived": true}),
        )
        .body("wrong types", &json!({"isArchived": "yes"}))
        .path("id that is none", "/api/public/score-configs/xyz"),
        Door::json("POST /api/public/media", Method::POST, "/api/public/media", &media)
            .replace("NaN", "\"contentLength\":3", b"\"contentLength\":NaN")
            .body("wrong types", &of_media("contentLength", json!("three")))
            .body("content type that is none", &of_media("contentType", json!("picture")))
            .body("digest that is none", &of_media("sha256Hash", json!("abc")))
            .body("nothing to come", &of_media("contentLength", json!(0)))
            .body("too much to come", &of_media("contentLength", json!(u64::MAX)))
            .body("deep nesting", &of_media("field", deep(200))),
        Door::reading("PUT /api/public/media/{project}/{id}", "/api/public/media/x/y?expires=1&signature=x")
            .with_method(Method::PUT)
            .path("no signature", "/api/public/media/x/y")
            .path("signature that is none", "/api/public/media/x/y?expires=1&signature=%21")
            .path("expiry that is none", "/api/public/media/x/y?expires=soon&signature=x"),
        Door::json("POST /api/public/v2/datasets", Method::POST, "/api/public/v2/datasets", &json!({"name": "set"}))
            .replace("invalid UTF-8 in a text", "set", b"s\xfft")
            .body("wrong types", &json!({"name": 5}))
            .body("name missing", &json!({}))
            .body("name that is none", &json!({"name": "  "}))
            .body("deep nesting", &json!({"name": "set", "metadata": deep(200)})),
        Door::json(
            "POST /api/public/dataset-items",
            Method::POST,
            "/api/public/dataset-items",
            &json!({"datasetName": "set", "input": {"q": 1}}),
        )
        .replace("NaN", "1", b"NaN")
        .body("wrong types", &json!({"datasetName": "set", "id": 5}))
        .body("dataset nobody knows", &json!({"datasetName": "ghost"}))
        .body("status nobody knows", &json!({"datasetName": "set", "status": "GONE"}))
        .body("deep nesting", &json!({"datasetName": "set", "input": deep(200)})),
        Door::json(
            "POST /api/public/dataset-run-items",
            Method::POST,
            "/api/public/dataset-run-items",
            &json!({"runName": "run", "datasetItemId": "item", "traceId": otlp::TRACE}),
        )
        .body("wrong types", &json!({"runName": 5, "datasetItemId": "item", "traceId": otlp::TRACE}))
        .body("item nobody knows", &json!({"runName": "run", "datasetItemId": "ghost", "traceId": otlp::TRACE}))
        .body("neither trace nor observation", &json!({"runName": "run", "datasetItemId": "item"}))
        .body(
            "zero trace id",
            &json!({"runName": "run", "datasetItemId": "item", "traceId": "00000000000000000000000000000000"}),
        )
        .body(
            "observation nobody knows",
            &json!({"runName": "run", "datasetItemId": "item", "observationId": "00000000000000ff"}),
        ),
        Door::json(
            "POST /api/public/comments",
            Method::POST,
            "/api/public/comments",
            &json!({"objectType": "TRACE", "objectId": otlp::TRACE, "content": "hm"}),
        )
        .replace("invalid UTF-8 in a text", "hm", b"h\xffm")
        .body("wrong types", &json!({"objectType": "TRACE", "objectId": 5, "content": "hm"}))
        .body("kind nobody knows", &json!({"objectType": "PLANET", "objectId": "x", "content": "hm"}))
        .body("nothing said", &json!({"objectType": "TRACE", "objectId": "x", "content": " "}))
        .body(
            "another project",
            &json!({"projectId": "other", "objectType": "TRACE", "objectId": "x", "content": "hm"}),
        ),
        Door::json(
            "POST /api/public/score-configs",
            Method::POST,
            "/api/public/score-configs",
            &json!({"name": "tone", "dataType": "NUMERIC", "minValue": 1}),
        )
        .replace("NaN", ":1", b":NaN")
        .body("wrong types", &json!({"name": "tone", "dataType": "NUMERIC", "minValue": "x"}))
        .body("type nobody knows", &json!({"name": "tone", "dataType": "PICTURE"}))
        .body("least above most", &json!({"name": "tone", "dataType": "NUMERIC", "minValue": 2, "maxValue": 1}))
        .body("categories missing", &json!({"name": "tone", "dataType": "CATEGORICAL"})),
    ]
}
