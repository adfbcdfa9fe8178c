use serde_json::{Value, json};
use testkit::{TestApp, otlp};

/// The shape of section 8: what `api.trace.get` of the third generation of SDKs needs.
#[tokio::test]
async fn a_trace_reads_back_with_all_that_the_models_require() {
    let app = TestApp::start().await;
    let key = app.key();
    let root = otlp::span("00000000000000aa")
        .name("root")
        .text("langfuse.observation.type", "span")
        .text("langfuse.trace.name", "checkout")
        .text("user.id", "u-1")
        .text("session.id", "s-1")
        .attribute("langfuse.trace.tags", json!({"arrayValue": {"values": [{"stringValue": "a"}]}}))
        .attribute("langfuse.internal.is_app_root", json!({"boolValue": true}));
    let child = otlp::span("00000000000000bb")
        .parent("00000000000000aa")
        .prompt("greet", 1)
        .text("langfuse.observation.usage_details", r#"{"input":11,"output":7,"total":18}"#)
        .text("langfuse.observation.cost_details", r#"{"input":0.0001,"total":0.0003}"#)
        .text("langfuse.observation.model.parameters", r#"{"temperature":0.5}"#);
    key.post("/api/public/otel/v1/traces", &otlp::request([child, root])).await.expect(200);
    for (id, value, kind) in
        [("s1", json!(0.5), "NUMERIC"), ("s2", json!(1), "BOOLEAN"), ("s3", json!("good"), "CATEGORICAL")]
    {
        let score = json!({"id": id, "traceId": otlp::TRACE, "observationId": "00000000000000bb", "name": id, "value": value, "dataType": kind});
        key.post("/api/public/scores", &score).await.expect(200);
    }
    let mut trace = key.get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).json();
    let project = app.project.id.to_string();
    assert_eq!(trace["htmlPath"], format!("/project/{project}/traces/{}", otlp::TRACE));
    trace["htmlPath"] = Value::Null;
    insta::assert_json_snapshot!(trace, { ".projectId" => "[project]" });
}

#[tokio::test]
async fn an_unknown_trace_and_a_malformed_id_are_told_apart() {
    let app = TestApp::start().await;
    app.key().get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(404);
    let refused = app.key().get("/api/public/traces/xyz").await.expect(400).json();
    assert_eq!(refused["error"], "BadRequest");
}
