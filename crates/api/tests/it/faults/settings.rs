//! Doors to a project, its keys and its members, which are an owner's.

use axum::http::Method;
use serde_json::{Value, json};

use super::door::Door;

pub(super) fn doors() -> Vec<Door> {
    let nobody = "00000000-0000-7000-8000-000000000000";
    let key = json!({"name": "made", "scopes": ["read"]});
    let member = json!({"email": "eeeeeeeeeeeeeeee@example.com", "role": "viewer"});
    let with = |of: &Value, field: &str, value: Value| {
        let mut changed = of.clone();
        changed[field] = value;
        changed
    };
    vec![
        Door::json("PATCH /api/v1/project", Method::PATCH, "/api/v1/project", &json!({"name": "Ours"}))
            .by_owner()
            .replace("invalid UTF-8 in a text", "Ours", b"Our\xff")
            .body("unknown field", &json!({"colour": "red"}))
            .body("wrong types", &json!({"name": 5}))
            .body("name that is none", &json!({"name": " "}))
            .body("segment that is none", &json!({"segment": "colour"}))
            .body("days that are none", &json!({"retention_days": 0}))
            .body("days beyond the most", &json!({"retention_days": 3651}))
            .body("days that are no number", &json!({"retention_days": "ever"}))
            .body("old revision", &json!({"name": "Ours", "revision": 99}))
            .path("project nobody knows", "/api/v1/project?project=nowhere"),
        Door::reading("GET /api/v1/project", "/api/v1/project"),
        Door::reading("DELETE /api/v1/project/data", "/api/v1/project/data")
            .with_method(Method::DELETE)
            .by_owner()
            .path("project nobody knows", "/api/v1/project/data?project=nowhere"),
        Door::reading("DELETE /api/v1/users/{user}/data", "/api/v1/users/somebody/data")
            .with_method(Method::DELETE)
            .by_owner()
            .path("id that is none", "/api/v1/users//data")
            .path("id that is too long", &format!("/api/v1/users/{}/data", "u".repeat(2_000))),
        Door::reading("GET /api/v1/erasures", "/api/v1/erasures"),
        Door::reading("GET /api/v1/erasures/{job}", &format!("/api/v1/erasures/{nobody}"))
            .path("id that is none", "/api/v1/erasures/xyz"),
        Door::reading("GET /api/v1/projects", "/api/v1/projects"),
        Door::json("POST /api/v1/keys", Method::POST, "/api/v1/keys", &key)
            .by_owner()
            .replace("invalid UTF-8 in a text", "made", b"m\xffde")
            .body("unknown field", &with(&key, "colour", json!("red")))
            .body("wrong types", &with(&key, "scopes", json!("read")))
            .body("scope nobody knows", &with(&key, "scopes", json!(["fly"])))
            .body("no scope", &with(&key, "scopes", json!([])))
            .body("name that is none", &with(&key, "name", json!(" ")))
            .body("kind nobody knows", &with(&key, "kind", json!("master")))
            .body("origins of a pair", &with(&key, "origins", json!(["https://app.example.com"])))
            .body("client key without origins", &with(&key, "kind", json!("client"))),
        Door::reading("GET /api/v1/keys", "/api/v1/keys").by_owner(),
        Door::reading("DELETE /api/v1/keys/{key}", &format!("/api/v1/keys/{nobody}"))
            .with_method(Method::DELETE)
            .by_owner()
            .path("id that is none", "/api/v1/keys/xyz"),
        Door::json("POST /api/v1/members", Method::POST, "/api/v1/members", &member)
            .by_owner()
            .replace("invalid UTF-8 in a text", "viewer", b"view\xff")
            .body("unknown field", &with(&member, "colour", json!("red")))
            .body("wrong types", &with(&member, "role", json!(1)))
            .body("role nobody knows", &with(&member, "role", json!("king")))
            .body("address that is none", &with(&member, "email", json!("somebody"))),
        Door::reading("GET /api/v1/members", "/api/v1/members").by_owner(),
        Door::json(
            "PATCH /api/v1/members/{user}",
            Method::PATCH,
            &format!("/api/v1/members/{nobody}"),
            &json!({"role": "analyst"}),
        )
        .by_owner()
        .body("unknown field", &json!({"role": "analyst", "colour": "red"}))
        .body("role nobody knows", &json!({"role": "king"}))
        .path("id that is none", "/api/v1/members/xyz"),
        Door::reading("DELETE /api/v1/members/{user}", &format!("/api/v1/members/{nobody}"))
            .with_method(Method::DELETE)
            .by_owner()
            .path("id that is none", "/api/v1/members/xyz"),
    ]
}
