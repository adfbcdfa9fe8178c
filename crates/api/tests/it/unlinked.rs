//! What counts for no prompt version, and why.

use serde_json::{Value, json};
use testkit::{TestApp, otlp};

fn generation(id: u8, name: &str) -> otlp::SpanBuilder {
    otlp::span(&format!("{id:016x}")).trace(&format!("{id:032x}")).name(name)
}

#[tokio::test]
async fn generations_without_a_version_are_counted_by_what_they_lack() {
    let app = TestApp::start().await;
    let key = app.key();
    key.post("/api/v1/prompts", &json!({"name": "greet", "prompt": "Hi"})).await.expect(201);
    let spans = [
        generation(1, "greeting").prompt("greet", 1),
        generation(2, "greeting").prompt("greet", 7),
        generation(3, "greeting").prompt("ghost", 1),
        generation(4, "greeting"),
        generation(5, "other"),
        generation(6, "other"),
        generation(7, "other").text("gen_ai.prompt.name", "greet"),
        generation(8, "other").text("langfuse.observation.prompt.version", "3"),
        generation(9, "other").text("gen_ai.prompt.name", "greet").text("gen_ai.prompt.version", "newest"),
    ];
    key.post("/v1/traces", &otlp::request(spans)).await.expect(200);
    app.fold().await;

    let report = key.get("/api/v1/unlinked?range=24h").await.expect(200).json();
    assert_eq!(
        (&report["generations"], &report["unlinked"], &report["looked_at"], &report["partial"]),
        (&json!(9), &json!(6), &json!(6), &Value::Null)
    );
    let reasons: Vec<Value> = report["reasons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reason| {
            json!([reason["reason"], reason["count"], reason["attribute"], reason["value"], reason["absent"]])
        })
        .collect();
    let [name, version] = ["langfuse.observation.prompt.name", "langfuse.observation.prompt.version"];
    assert_eq!(
        json!(reasons),
        json!([
            ["no_attributes", 2, null, null, [name, version]],
            ["fallback_suspected", 1, null, "greeting", [name, version]],
            ["no_version", 1, "gen_ai.prompt.name", "greet", [version]],
            ["no_name", 1, version, "3", [name]],
            ["unusable", 1, "gen_ai.prompt.version", "newest", []],
        ])
    );
    assert_eq!(report["reasons"][4]["problem"], "`newest` is not a version; it is written as `2` or `v2`");
    assert_eq!(
        report["reasons"][1]["examples"],
        json!([{"trace": format!("{:032x}", 4), "span": format!("{:016x}", 4)}])
    );
    assert_eq!(
        report["unknown"],
        json!([
            {"reason": "unknown_prompt", "prompt": "ghost", "version": 1, "count": 1},
            {"reason": "unknown_version", "prompt": "greet", "version": 7, "count": 1},
        ])
    );

    // Nothing happened the day before; the default is a day, like the metrics' own.
    let before = key.get("/api/v1/unlinked?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z").await.expect(200).json();
    assert_eq!((&before["generations"], &before["reasons"]), (&json!(0), &json!([])));
    assert_eq!(key.get("/api/v1/unlinked").await.expect(200).json()["unlinked"], 6);
}
