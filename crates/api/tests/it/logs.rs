//! Message events and evaluations by OTLP log records.

use serde_json::{Value, json};
use testkit::{Client, TestApp, otlp};

const SPAN: &str = "00000000000000aa";

fn record(event: &str, at: u64, body: Value) -> Value {
    json!({
        "traceId": otlp::TRACE, "spanId": SPAN, "eventName": event, "timeUnixNano": (otlp::NOON_NS + at).to_string(),
        "body": { "kvlistValue": { "values": [{ "key": "content", "value": body }] } },
    })
}

fn request(records: Vec<Value>) -> Value {
    json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": records }] }] })
}

fn text(text: &str) -> Value {
    json!({ "stringValue": text })
}

/// A generation by a plain instrumentation, which sends no content with its span.
fn silent() -> Value {
    json!({ "resourceSpans": [{ "scopeSpans": [{ "scope": { "name": "some.library" }, "spans": [{
        "traceId": otlp::TRACE, "spanId": SPAN, "name": "chat m", "startTimeUnixNano": otlp::NOON_NS.to_string(),
        "endTimeUnixNano": (otlp::NOON_NS + 1).to_string(), "attributes": [
            { "key": "gen_ai.operation.name", "value": text("chat") },
            { "key": "gen_ai.request.model", "value": text("m") },
            { "key": "gen_ai.usage.output_tokens", "value": { "intValue": 3 } },
        ],
    }] }] }] })
}

async fn content(key: &Client) -> (Value, Value) {
    let io = key.get(&format!("/api/v1/traces/{}/spans/{SPAN}/io", otlp::TRACE)).await.expect(200).json();
    (io["input"].clone(), io["output"].clone())
}

#[tokio::test]
async fn messages_join_their_span_in_any_order_and_once() {
    let system = record("gen_ai.system.message", 1, text("be kind"));
    let user = record("gen_ai.user.message", 2, text("hi"));
    let choice = record("gen_ai.choice", 9, text("ho"));
    let expected = (
        json!([{"role": "system", "content": "be kind"}, {"role": "user", "content": "hi"}]),
        json!([{"role": "assistant", "content": "ho"}]),
    );
    for path in ["/v1/logs", "/api/public/otel/v1/logs"] {
        for span_first in [true, false] {
            let app = TestApp::start().await;
            let key = app.key();
            if span_first {
                key.post("/v1/traces", &silent()).await.expect(200);
            }
            key.post(path, &request(vec![choice.clone(), user.clone()])).await.expect(200);
            let all = request(vec![system.clone(), user.clone(), choice.clone()]);
            assert_eq!(key.post(path, &all).await.expect(200).json(), json!({}));
            if !span_first {
                key.post("/v1/traces", &silent()).await.expect(200);
            }
            assert_eq!(content(&key).await, expected, "{path} {span_first}");
            // The SDKs' read API shows the same.
            let trace = key.get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).json();
            assert_eq!((&trace["input"], &trace["observations"][0]["output"]), (&expected.0, &expected.1));
        }
    }
}

async fn null_responses(app: &TestApp) -> Value {
    app.fold().await;
    let day = json!({ "from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z" });
    let question = json!({ "measures": ["null_responses"], "range": day });
    let answer = app.key().post("/api/v1/query", &question).await.expect(200).json();
    answer["rows"][0]["values"][0]["value"].clone()
}

#[tokio::test]
async fn a_generation_that_wrote_tokens_gave_something_back_unless_it_says_otherwise() {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &silent()).await.expect(200);
    assert_eq!(null_responses(&app).await, 0.0);

    let mut empty = silent();
    let span = &mut empty["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    span["spanId"] = json!("00000000000000ab");
    span["attributes"].as_array_mut().unwrap().push(json!({ "key": "gen_ai.completion", "value": text("") }));
    app.key().post("/v1/traces", &empty).await.expect(200);
    assert_eq!(null_responses(&app).await, 1.0);
}

#[tokio::test]
async fn an_evaluation_is_a_score_once() {
    let app = TestApp::start().await;
    let key = app.key();
    let evaluation = json!({
        "traceId": otlp::TRACE, "spanId": SPAN, "timeUnixNano": otlp::NOON_NS.to_string(),
        "attributes": [
            { "key": "event.name", "value": text("gen_ai.evaluation.result") },
            { "key": "gen_ai.evaluation.name", "value": text("relevance") },
            { "key": "gen_ai.evaluation.score.value", "value": { "doubleValue": 0.75 } },
            { "key": "gen_ai.evaluation.explanation", "value": text("on topic") },
        ],
    });
    for _ in 0..2 {
        key.post("/v1/logs", &request(vec![evaluation.clone()])).await.expect(200);
    }
    let scores = key.get("/api/public/v2/scores").await.expect(200).json();
    assert_eq!(scores["meta"]["totalItems"], 1);
    let score = &scores["data"][0];
    assert_eq!(
        (&score["name"], &score["value"], &score["observationId"]),
        (&json!("relevance"), &json!(0.75), &json!(SPAN))
    );
}

#[tokio::test]
async fn a_record_without_a_span_is_named_and_others_are_left_aside() {
    let app = TestApp::start().await;
    let key = app.key();
    let mut nowhere = record("gen_ai.user.message", 1, text("hi"));
    nowhere["spanId"] = json!("");
    let unrelated = record("app.started", 1, text("hello"));
    let answer = key.post("/v1/logs", &request(vec![nowhere, unrelated])).await.expect(200).json();
    assert_eq!(
        answer,
        json!({"partialSuccess": {"rejectedLogRecords": "1",
            "errorMessage": "record 0: it says something about a span and names none: it has no span id"}})
    );
}
