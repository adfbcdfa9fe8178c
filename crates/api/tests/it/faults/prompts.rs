//! Where prompts are saved, labelled and fetched.

use axum::http::Method;
use serde_json::{Value, json};

use super::{deep, door::Door};

pub(super) fn doors() -> Vec<Door> {
    let prompt = json!({"name": "made", "prompt": "Hi {{name}}", "labels": ["staging"]});
    let with = |field: &str, value: Value| {
        let mut changed = prompt.clone();
        changed[field] = value;
        changed
    };
    vec![
        Door::json("POST /api/public/v2/prompts", Method::POST, "/api/public/v2/prompts", &prompt)
            .replace("invalid UTF-8 in a text", "Hi ", b"H\xff ")
            .replace("NaN", "\"Hi {{name}}\"", b"NaN")
            .body("wrong types", &with("labels", json!("staging")))
            .body("name missing", &json!({"prompt": "x"}))
            .body("name that is none", &with("name", json!("a//b")))
            .body("unknown type", &with("type", json!("picture")))
            .body("message without content", &json!({"name": "made", "type": "chat", "prompt": [{"role": "user"}]}))
            .body("label that is none", &with("labels", json!(["Not A Label"])))
            .body("deep nesting", &with("config", json!({"a": deep(120)})))
            .body(
                "of the other type than before",
                &json!({"name": "greet", "type": "chat", "prompt": [{"role": "user", "content": "x"}]}),
            ),
        Door::json(
            "PATCH /api/public/v2/prompts/greet/versions/1",
            Method::PATCH,
            "/api/public/v2/prompts/greet/versions/1",
            &json!({"newLabels": ["staging"]}),
        )
        .replace("invalid UTF-8 in a text", "staging", b"stag\xffing")
        .replace("NaN", "[\"staging\"]", b"NaN")
        .body("wrong types", &json!({"newLabels": [1]}))
        .body("label that is none", &json!({"newLabels": ["Not A Label"]}))
        .body("the derived label", &json!({"newLabels": ["latest"]}))
        .body("deep nesting", &json!({"newLabels": deep(200)}))
        .path("version nobody knows", "/api/public/v2/prompts/greet/versions/99")
        .path("version that is no number", "/api/public/v2/prompts/greet/versions/one")
        .path("prompt nobody knows", "/api/public/v2/prompts/ghost/versions/1")
        .path("invalid UTF-8 in the path", "/api/public/v2/prompts/gr%FFeet/versions/1"),
        Door::json("POST /api/v1/prompts", Method::POST, "/api/v1/prompts", &prompt)
            .replace("invalid UTF-8 in a text", "Hi ", b"H\xff ")
            .body("unknown field", &with("colour", json!(1)))
            .body("wrong types", &with("labels", json!("staging")))
            .body("name that is none", &with("name", json!("a//b")))
            .body("deep nesting", &with("config", json!({"a": deep(120)})))
            .keyed("Idempotency-Key that is none", "", None)
            .keyed("Idempotency-Key too long", &"k".repeat(256), None)
            .keyed("Idempotency-Key, refused", "k", Some(&with("name", json!("a//b"))))
            .keyed("Idempotency-Key, corrected", "k", None)
            .keyed("Idempotency-Key, repeated", "k", None)
            .keyed("Idempotency-Key, other body", "k", Some(&with("prompt", json!("Ho")))),
        Door::json(
            "POST /api/v1/prompts/{name}/versions",
            Method::POST,
            "/api/v1/prompts/greet/versions",
            &json!({"prompt": "Hi {{name}}"}),
        )
        .replace("invalid UTF-8 in a text", "Hi ", b"H\xff ")
        .body("unknown field", &json!({"prompt": "Hi", "colour": 1}))
        .body("prompt missing", &json!({"labels": ["staging"]}))
        .body("label that is none", &json!({"prompt": "Hi", "labels": ["Not A Label"]}))
        .body("built on an old version", &json!({"prompt": "Hi", "expected_latest": 0}))
        .path("prompt nobody knows", "/api/v1/prompts/ghost/versions"),
        Door::json(
            "PUT /api/v1/prompts/{name}/labels/{label}",
            Method::PUT,
            "/api/v1/prompts/greet/labels/staging",
            &json!({"version": 1, "reason": "why not"}),
        )
        .replace("invalid UTF-8 in a text", "why", b"wh\xff")
        .body("unknown field", &json!({"version": 1, "colour": 1}))
        .body("wrong types", &json!({"version": "one"}))
        .body("version nobody knows", &json!({"version": 99}))
        .path("the derived label", "/api/v1/prompts/greet/labels/latest")
        .path("label that is none", "/api/v1/prompts/greet/labels/Not%20A%20Label")
        .path("prompt nobody knows", "/api/v1/prompts/ghost/labels/staging"),
        Door::reading("DELETE /api/v1/prompts/{name}/labels/{label}", "/api/v1/prompts/greet/labels/ghost")
            .with_method(Method::DELETE)
            .path("label that is none", "/api/v1/prompts/greet/labels/Not%20A%20Label")
            .path("prompt nobody knows", "/api/v1/prompts/ghost/labels/staging"),
        Door::json("PATCH /api/v1/prompts/{name}", Method::PATCH, "/api/v1/prompts/greet", &json!({"tags": ["fine"]}))
            .replace("invalid UTF-8 in a text", "fine", b"fin\xff")
            .body("unknown field", &json!({"tags": [], "colour": 1}))
            .body("wrong types", &json!({"tags": "fine"}))
            .body("tag that is none", &json!({"tags": ["fine", " blank"]}))
            .path("prompt nobody knows", "/api/v1/prompts/ghost"),
        Door::reading("DELETE /api/v1/prompts/{name}", "/api/v1/prompts/ghost").with_method(Method::DELETE),
        Door::reading("GET /api/public/v2/prompts/greet", "/api/public/v2/prompts/greet")
            .path("version nobody knows", "/api/public/v2/prompts/greet?version=99")
            .path("version that is no number", "/api/public/v2/prompts/greet?version=one")
            .path("version zero", "/api/public/v2/prompts/greet?version=0")
            .path("label nobody knows", "/api/public/v2/prompts/greet?label=ghost")
            .path("version and label", "/api/public/v2/prompts/greet?version=1&label=production")
            .path("prompt nobody knows", "/api/public/v2/prompts/ghost")
            .path("invalid UTF-8 in the path", "/api/public/v2/prompts/gr%FFeet"),
    ]
}
