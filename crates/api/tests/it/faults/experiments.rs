//! Where experiments are made and acted on, and where slots are resolved.

use axum::http::Method;
use serde_json::{Value, json};

use super::{deep, door::Door};

pub(super) fn doors() -> Vec<Door> {
    // A key is taken once; each cell has its own.
    let draft = json!({"key": "tone-eeeeeeeeeeeeeeee", "prompt": "greet", "design": {"name": "Tone", "coverage": 0.5}});
    let with = |design: Value| json!({"key": "tone-eeeeeeeeeeeeeeee", "prompt": "greet", "design": design});
    let arm = |field: &str, value: Value| {
        let mut arm = json!({"key": "control", "version": 1, "weight": 5000});
        arm[field] = value;
        with(json!({"arms": [arm]}))
    };
    let question = json!({"prompt": "greet", "unit": "user-1", "attributes": {"plan": "pro"}});
    let evaluation = json!({"context": {"targetingKey": "user-1", "plan": "pro"}});
    let arms = json!([{"key": "a", "version": 1, "weight": 5000}, {"key": "b", "version": 2, "weight": 5000}]);
    let goal = json!([{"metric": {"key": "g", "source": "latency", "aggregation": "p50", "direction": "lower"}, "role": "goal"}]);
    let planned = json!({"prompt": "greet", "design": {"arms": arms, "metrics": goal, "coverage": 0.5}});
    let flags = "/ofrep/v1/evaluate/flags";
    vec![
        Door::json("POST /api/v1/experiments", Method::POST, "/api/v1/experiments", &draft)
            .replace("invalid UTF-8 in a text", "Tone", b"T\xffne")
            .replace("NaN", "0.5", b"NaN")
            .body("unknown field", &with(json!({"colour": "red"})))
            .body("key that is none", &json!({"key": "Two words", "prompt": "greet"}))
            .body("prompt nobody knows", &json!({"key": "tone-eeeeeeeeeeeeeeee", "prompt": "ghost"}))
            .body("label nobody knows", &json!({"key": "tone-eeeeeeeeeeeeeeee", "prompt": "greet", "label": "ghost"}))
            .body("coverage above 1", &with(json!({"coverage": 1.5})))
            .body("arm's key that is none", &arm("key", json!("two words")))
            .body("weight above 65,535", &arm("weight", json!(70_000)))
            .body("unit that is none", &with(json!({"unit": "person"})))
            .body("source nobody knows", &with(json!({"metrics": [{
                "metric": {"key": "ctr", "source": "ctr", "aggregation": "mean", "direction": "higher"}, "role": "goal",
            }]})))
            .body("targeting that is none", &with(json!({"targeting": {"like": {"attribute": "plan"}}})))
            .body("deep nesting", &with(json!({"targeting": {"and": deep(120)}}))),
        Door::json(
            "PUT /api/v1/experiments/ours",
            Method::PUT,
            "/api/v1/experiments/ours",
            &json!({"revision": 1, "design": {"name": "Tone"}}),
        )
        .replace("invalid UTF-8 in a text", "Tone", b"T\xffne")
        .body("unknown field", &json!({"revision": 1, "design": {}, "colour": 1}))
        .body("wrong types", &json!({"revision": "one", "design": {}}))
        .body("old revision", &json!({"revision": 99, "design": {}}))
        .path("experiment nobody knows", "/api/v1/experiments/ghost"),
        Door::json("POST /api/v1/experiments/ours/launch", Method::POST, "/api/v1/experiments/ours/launch", &json!({}))
            .body("wrong types", &json!({"revision": "one"}))
            .body("old revision", &json!({"revision": 7}))
            .body("arm where none belongs", &json!({"arm": "warm"}))
            .path("action nobody knows", "/api/v1/experiments/ours/explode")
            .path("experiment nobody knows", "/api/v1/experiments/ghost/launch"),
        Door::json("POST /api/v1/plan", Method::POST, "/api/v1/plan", &planned)
            .replace("invalid UTF-8 in a text", "greet", b"gr\xffet")
            .replace("NaN", "0.5", b"NaN")
            .body("unknown field", &json!({"prompt": "greet", "colour": 1}))
            .body("wrong types", &json!({"prompt": "greet", "design": [], "days": "many"}))
            .body("nothing", &json!({}))
            .body("no design", &json!({"prompt": "greet"}))
            .body("prompt nobody knows", &json!({"prompt": "ghost", "design": {}}))
            .body("label nobody knows", &json!({"prompt": "greet", "label": "ghost", "design": {}}))
            .body("experiment nobody knows", &json!({"experiment": "ghost"}))
            .body("experiment without arms", &json!({"experiment": "ours"}))
            .body("too many days", &json!({"experiment": "ours", "days": 400}))
            .body("weights that do not sum", &json!({"prompt": "greet", "design": {"arms": [
                {"key": "a", "version": 1, "weight": 5000}, {"key": "b", "version": 2, "weight": 4000},
            ], "metrics": goal}}))
            .body("targeting that is none", &json!({"prompt": "greet", "design": {"targeting": {"like": {}}, "arms": arms,
                "metrics": goal}}))
            .body("deep nesting", &json!({"prompt": "greet", "design": {"targeting": {"and": deep(120)}}})),
        Door::json("POST /api/v1/dry-run", Method::POST, "/api/v1/dry-run", &planned)
            .body("unknown field", &json!({"prompt": "greet", "colour": 1}))
            .body("no days", &json!({"prompt": "greet", "design": {"arms": arms, "metrics": goal}, "days": 0}))
            .body("experiment nobody knows", &json!({"experiment": "ghost"})),
        Door::json("POST /api/v1/resolve", Method::POST, "/api/v1/resolve", &question)
            .replace("invalid UTF-8 in a text", "user-1", b"us\xffr")
            .body("unknown field", &json!({"prompt": "greet", "colour": 1}))
            .body("wrong types", &json!({"prompt": "greet", "attributes": []}))
            .body("no unit", &json!({"prompt": "greet"}))
            .body("label that is none", &json!({"prompt": "greet", "label": "Not A Label"}))
            .body("label nobody knows", &json!({"prompt": "greet", "label": "ghost"}))
            .body("prompt nobody knows", &json!({"prompt": "ghost"}))
            .body("deep nesting", &json!({"prompt": "greet", "attributes": {"a": deep(120)}})),
        Door::json(
            "POST /ofrep/v1/evaluate/flags/greet.production",
            Method::POST,
            "/ofrep/v1/evaluate/flags/greet.production",
            &evaluation,
        )
        .body("no context", &json!({}))
        .body("context null", &json!({"context": null}))
        .body("wrong types", &json!({"context": "user-1"}))
        .body("targeting key that is no text", &json!({"context": {"targetingKey": [1]}}))
        .path("flag nobody knows", "/ofrep/v1/evaluate/flags/ghost")
        .path("invalid UTF-8 in the path", "/ofrep/v1/evaluate/flags/gr%FFeet"),
        Door::json("POST /ofrep/v1/evaluate/flags", Method::POST, flags, &evaluation)
            .body("no context", &json!({}))
            .body("wrong types", &json!({"context": 1})),
        Door::reading("GET /api/v1/sdk/bundle", "/api/v1/sdk/bundle"),
        Door::reading("GET /api/v1/experiments", "/api/v1/experiments")
            .path("unknown parameter", "/api/v1/experiments?colour=red")
            .path("state nobody knows", "/api/v1/experiments?status=decided")
            .path("cursor that is none", "/api/v1/experiments?cursor=x")
            .path("page too large", "/api/v1/experiments?limit=9999"),
    ]
}
