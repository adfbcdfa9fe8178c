//! Where numbers are asked for.

use axum::http::Method;
use serde_json::{Value, json};

use super::{deep, door::Door};
use crate::sdk_metrics::{asking, query, tokens};

pub(super) fn doors() -> Vec<Door> {
    let question = json!({"measures": ["count"], "range": "24h"});
    vec![
        Door::json("POST /api/v1/query", Method::POST, "/api/v1/query", &question)
            .replace("invalid UTF-8 in a text", "24h", b"24\xffh")
            .replace("NaN", "\"24h\"", b"NaN")
            .body("wrong types", &json!({"measures": "count", "range": "24h"}))
            .body("unknown measure", &json!({"measures": ["ctr"], "range": "24h"}))
            .body("unknown field", &json!({"measures": ["count"], "range": "24h", "colour": 1}))
            .body("range that is none", &json!({"measures": ["count"], "range": "soon"}))
            .body("range that ends before it begins", &json!({"measures": ["count"], "range": {"from": "2026-11-22T00:00:00Z", "to": "2026-11-21T00:00:00Z"}}))
            .body("too many steps", &json!({"measures": ["count"], "range": "366d", "granularity": "hour"}))
            .body("nothing asked", &json!({"range": "24h"}))
            .body("unknown dimension", &json!({"measures": ["count"], "range": "24h", "dimensions": ["colour"]}))
            .body("unknown distribution", &json!({"distributions": ["count"], "range": "24h"}))
            .body("zone that is none", &json!({"measures": ["count"], "range": "24h", "granularity": "day", "zone": "Mars/Base"}))
            .body("adoption without versions", &json!({"measures": ["adoption"], "range": "24h"}))
            .body("label without one prompt", &json!({"measures": ["count"], "range": "24h", "dimensions": ["label"]}))
            .body("version that is no number", &json!({"measures": ["count"], "range": "24h", "filters": [{"dimension": "version", "values": ["v2"]}]}))
            .body("two baselines", &json!({"measures": ["count"], "range": "24h", "dimensions": ["version"], "compare": {"range": "previous", "dimension": "version", "value": "1"}}))
            .body("baseline that does not split", &json!({"measures": ["count"], "range": "24h", "compare": {"dimension": "version", "value": "1"}}))
            .body("deep nesting", &json!({"measures": deep(200), "range": "24h"})),
        Door::reading("GET /api/v1/prompts/{name}/metrics", "/api/v1/prompts/greet/metrics")
            .path("unknown measure", "/api/v1/prompts/greet/metrics?measures=ctr")
            .path("zone that is none", "/api/v1/prompts/greet/metrics?granularity=day&zone=Mars")
            .path("baseline that is no number", "/api/v1/prompts/greet/metrics?baseline=one")
            .path("baseline without versions", "/api/v1/prompts/greet/metrics?by=model&baseline=1"),
        sdk_metrics(),
        Door::reading("GET /api/v1/unlinked", "/api/v1/unlinked")
            .path("range that is none", "/api/v1/unlinked?range=soon")
            .path("range that ends before it begins", "/api/v1/unlinked?from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z")
            .path("two ranges", "/api/v1/unlinked?range=24h&from=2026-11-21T00:00:00Z")
            .path("unknown parameter", "/api/v1/unlinked?colour=red"),
    ]
}

fn sdk_metrics() -> Door {
    let path = |question: &Value| format!("/api/public/v2/metrics{}", query(question));
    let with = |field: &str, value: Value| {
        let mut question = tokens();
        question[field] = value;
        path(&question)
    };
    Door::reading("GET /api/public/v2/metrics", &path(&tokens()))
        .path("no question", "/api/public/v2/metrics")
        .path("question that is no JSON", "/api/public/v2/metrics?query=%7B")
        .path("invalid UTF-8 in the query", "/api/public/v2/metrics?query=%FF")
        .path("unknown field", &with("colour", json!(1)))
        .path("view nobody keeps", &with("view", json!("traces")))
        .path("no metric", &with("metrics", json!([])))
        .path("measure nobody keeps", &path(&asking("observations", &[("tokensPerSecond", "avg")])))
        .path("aggregation nobody knows", &path(&asking("observations", &[("latency", "median")])))
        .path("count that is no count", &path(&asking("scores-numeric", &[("count", "sum")])))
        .path("count of more than is kept", &path(&asking("observations", &[("count", "count")])))
        .path("dimension nobody keeps", &with("dimensions", json!([{"field": "traceId"}])))
        .path("column nobody keeps", &with("filters", json!([{"column": "tags", "operator": "=", "value": "a"}])))
        .path(
            "operator nobody uses",
            &with("filters", json!([{"column": "promptName", "operator": "contains", "value": "a"}])),
        )
        .path("type nobody counts", &with("filters", json!([{"column": "type", "operator": "=", "value": "SPAN"}])))
        .path("range that ends before it begins", &with("toTimestamp", json!("2026-11-20T00:00:00Z")))
        .path("step nobody keeps", &with("timeDimension", json!({"granularity": "month"})))
        .path("order nobody can keep", &with("orderBy", json!([{"field": "name", "direction": "asc"}])))
        .path("too many rows", &with("config", json!({"row_limit": 5000})))
        .path("no bins", &with("config", json!({"bins": 0})))
        .path("deep nesting", &with("filters", deep(200)))
}
