//! Numbers as the SDKs ask for them.

use std::fmt::Write as _;

use serde_json::{Value, json};
use testkit::{TestApp, otlp};

/// A question as a query.
pub(crate) fn query(question: &Value) -> String {
    format!("?query={}", encoded(&question.to_string()))
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = write!(encoded, "%{byte:02X}");
        encoded
    })
}

/// What the input of each model's generations came to on the day of the test clock.
pub(crate) fn tokens() -> Value {
    asking("observations", &[("inputTokens", "sum")])
}

pub(crate) fn asking(view: &str, metrics: &[(&str, &str)]) -> Value {
    let metric = |(measure, aggregation): &(&str, &str)| json!({"measure": measure, "aggregation": aggregation});
    json!({
        "view": view, "metrics": metrics.iter().map(metric).collect::<Vec<_>>(),
        "fromTimestamp": "2026-11-21T00:00:00.000Z", "toTimestamp": "2026-11-22T00:00:00.000Z",
    })
}

fn with(mut question: Value, field: &str, value: Value) -> Value {
    question[field] = value;
    question
}

/// Three generations of two versions, and what is no generation; scores on two of them.
async fn filled() -> TestApp {
    let app = TestApp::start().await;
    let call = |id: &str, version: u32, usage: &str, cost: &str| {
        otlp::span(id)
            .prompt("greet", version)
            .text("langfuse.observation.usage_details", usage)
            .text("langfuse.observation.cost_details", cost)
    };
    let spans = [
        otlp::span("00000000000000a0").text("langfuse.observation.type", "span"),
        call("00000000000000a1", 1, r#"{"input":10,"output":4}"#, r#"{"total":0.5}"#),
        call("00000000000000a2", 1, r#"{"input":20,"output":4}"#, r#"{"total":0.25}"#),
        call("00000000000000a3", 2, r#"{"input":40,"output":4}"#, r#"{"total":0.125}"#),
    ];
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    for (span, value) in [("00000000000000a1", 0.5), ("00000000000000a3", 1.0)] {
        let score = json!({"id": span, "traceId": otlp::TRACE, "observationId": span, "name": "stars", "value": value});
        app.key().post("/api/public/scores", &score).await.expect(200);
    }
    app.fold().await;
    app
}

async fn ask(app: &TestApp, question: &Value) -> Value {
    let path = format!("/api/public/v2/metrics{}", query(question));
    app.key().get(&path).await.expect(200).json()["data"].clone()
}

#[tokio::test]
async fn sums_and_quantiles_are_split_filtered_and_ordered() {
    let app = filled().await;
    assert_eq!(ask(&app, &tokens()).await, json!([{"sum_inputTokens": 70}]));

    let by_version = with(
        asking("observations", &[("inputTokens", "sum"), ("totalCost", "sum"), ("totalTokens", "avg")]),
        "dimensions",
        json!([{"field": "promptName"}, {"field": "promptVersion"}]),
    );
    let one = json!({"promptName": "greet", "promptVersion": 1, "sum_inputTokens": 30, "sum_totalCost": 0.75, "avg_totalTokens": 19});
    let two = json!({"promptName": "greet", "promptVersion": 2, "sum_inputTokens": 40, "sum_totalCost": 0.125, "avg_totalTokens": 44});
    assert_eq!(ask(&app, &by_version).await, json!([one, two]));
    let falling = with(by_version, "orderBy", json!([{"field": "sum_inputTokens", "direction": "desc"}]));
    assert_eq!(ask(&app, &falling).await, json!([two, one]));
    let first = with(falling, "config", json!({"row_limit": 1}));
    assert_eq!(ask(&app, &first).await, json!([two]));

    let generations = json!({"column": "type", "operator": "=", "value": "GENERATION", "type": "string"});
    let model =
        json!({"column": "providedModelName", "operator": "any of", "value": ["gpt-4o-mini"], "type": "stringOptions"});
    let counted = with(
        asking("observations", &[("count", "count"), ("latency", "p95"), ("latency", "histogram")]),
        "filters",
        json!([generations, model]),
    );
    let row = &ask(&app, &counted).await[0];
    assert_eq!(row["count_count"], 3);
    let latency = row["p95_latency"].as_f64().unwrap();
    assert!((latency / 250.0 - 1.0).abs() < 0.011, "{latency} ms");
    assert_eq!(row["histogram_latency"][0][2], 3);

    let by_hour = with(tokens(), "timeDimension", json!({"granularity": "auto"}));
    let rows = ask(&app, &by_hour).await;
    let filled: Vec<&Value> = rows.as_array().unwrap().iter().filter(|row| row["sum_inputTokens"] == 70).collect();
    assert_eq!(filled.len(), 1, "{rows}");
    assert_eq!(filled[0]["time_dimension"], "2026-11-21T11:00:00.000000Z");
}

#[tokio::test]
async fn scores_are_numbers_too() {
    let app = filled().await;
    let question = with(
        asking("scores-numeric", &[("count", "count"), ("value", "avg")]),
        "dimensions",
        json!([{"field": "name"}, {"field": "observationPromptName"}, {"field": "observationPromptVersion"}]),
    );
    let row = |version: u32, value: f64| {
        json!({"name": "stars", "observationPromptName": "greet", "observationPromptVersion": version, "count_count": 1,
            "avg_value": if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }})
    };
    assert_eq!(ask(&app, &question).await, json!([row(1, 0.5), row(2, 1.0)]));
}
