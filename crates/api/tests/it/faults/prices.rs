//! Doors to prices.

use axum::http::Method;
use serde_json::{Value, json};

use super::{OURS, deep, door::Door};

/// `price` is the id of a price of our own project.
pub(super) fn doors(price: &str) -> Vec<Door> {
    let good = json!({"model": "house-7b", "rates": {"input": "2.5", "output": 10}});
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        changed
    };
    let close = format!("/api/v1/prices/{price}/close");
    let nobody = "00000000-0000-7000-8000-000000000000";
    vec![
        Door::json("POST /api/v1/prices", Method::POST, "/api/v1/prices", &good)
            .replace("invalid UTF-8 in a text", "house", b"ho\xffse")
            .replace("NaN", ":10", b":NaN")
            .body("unknown field", &with("colour", json!(1)))
            .body("wrong types", &with("rates", json!("2.5")))
            .body("model missing", &json!({"rates": {"input": 1}}))
            .body("model that is none", &with("model", json!(" ")))
            .body("too many stars", &with("model", json!("*a*b*c*d*e*f*g*h*i")))
            .body("no rate for input", &with("rates", json!({"output": 1})))
            .body("rate below zero", &with("rates", json!({"input": -1})))
            .body("rate that is none", &with("rates", json!({"input": "cheap"})))
            .body("rate too fine", &with("rates", json!({"input": "0.0000000000001"})))
            .body("item nobody knows", &with("rates", json!({"input": 1, "colour": 1})))
            .body("service tier nobody knows", &with("tier", json!("express")))
            .body("tiers out of order", &with("tiers", json!([
                {"above_input_tokens": 20, "rates": {"input": 2}}, {"above_input_tokens": 10, "rates": {"input": 3}},
            ])))
            .body("time that is none", &with("valid_from", json!("soon")))
            .body("three fields at fault", &json!({"model": "", "tier": "express", "rates": {}}))
            .body("deep nesting", &with("rates", deep(200)))
            .keyed("Idempotency-Key", "price", None)
            .keyed("Idempotency-Key, repeated", "price", None),
        Door::json("POST /api/v1/prices/{price}/close", Method::POST, &close, &json!({"at": "2026-11-21T11:00:00Z"}))
            .replace("NaN", "\"2026-11-21T11:00:00Z\"", b"NaN")
            .body("unknown field", &json!({"when": "now"}))
            .body("time that is none", &json!({"at": "soon"}))
            .body("ended already", &json!({"at": "2026-11-20T00:00:00Z"}))
            .path("price nobody knows", &format!("/api/v1/prices/{nobody}/close"))
            .path("id that is none", "/api/v1/prices/xyz/close"),
        Door::reading("GET /api/v1/prices/catalogue", "/api/v1/prices/catalogue?q=gpt-4o&limit=2")
            .path("limit zero", "/api/v1/prices/catalogue?limit=0")
            .path("limit too large", "/api/v1/prices/catalogue?limit=501")
            .path("unknown parameter", "/api/v1/prices/catalogue?model=gpt-4o")
            .path("provider nobody knows", "/api/v1/prices/catalogue?provider=ghost")
            .path("invalid UTF-8 in the query", "/api/v1/prices/catalogue?q=%FF"),
        Door::json("POST /api/v1/prices/reprice", Method::POST, "/api/v1/prices/reprice", &json!({"only_unpriced": true}))
            .replace("NaN", "true", b"NaN")
            .body("unknown field", &json!({"colour": 1}))
            .body("wrong types", &json!({"only_unpriced": "yes"}))
            .body("model that is none", &json!({"model": ""}))
            .body("range that is none", &json!({"range": "soon"}))
            .body(
                "range that ends before it begins",
                &json!({"range": {"from": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"}}),
            )
            .body("while one is under way", &json!({})),
        Door::reading("GET /api/v1/prices/reprice/{job}", &format!("/api/v1/prices/reprice/{nobody}"))
            .path("id that is none", "/api/v1/prices/reprice/xyz"),
        Door::reading("DELETE /api/v1/prices/reprice/{job}", &format!("/api/v1/prices/reprice/{nobody}"))
            .with_method(Method::DELETE)
            .path("id that is none", "/api/v1/prices/reprice/xyz"),
        Door::reading(
            "GET /api/v1/traces/{trace}/spans/{span}/past-costs",
            &format!("/api/v1/traces/{OURS}/spans/00000000000000ab/past-costs"),
        )
        .path("zero span id", &format!("/api/v1/traces/{OURS}/spans/0000000000000000/past-costs")),
    ]
}
