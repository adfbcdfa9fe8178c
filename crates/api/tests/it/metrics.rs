//! Numbers and what they are split by.

use axum::http::header::ORIGIN;
use domain::{auth::Actor, project::Change};
use serde_json::{Value, json};
use services::access::SettingsChange;
use testkit::{TestApp, otlp};

/// A generation of a user on a plan, in a trace of its own.
fn generation(number: u64, user: u64, version: u32, plan: &str) -> otlp::SpanBuilder {
    let start = otlp::NOON_NS - 3_600_000_000_000 + number * 1_000_000_000;
    otlp::span(&format!("{:016x}", number + 1))
        .trace(&format!("{:032x}", number + 1))
        .prompt("greet", version)
        .text("user.id", &format!("user {user}"))
        .text("langfuse.trace.metadata.plan", plan)
        .field("startTimeUnixNano", start.to_string().into())
        .field(
            "endTimeUnixNano",
            (start + 100_000_000 * u64::from(version) + 1_000_000 * (number % 37)).to_string().into(),
        )
}

async fn with_traffic() -> TestApp {
    let app = TestApp::start().await;
    let spans = (0..400).map(|number| {
        let plan = if number % 3 == 0 { "pro" } else { "free" };
        generation(number, number % 80, 1 + (number % 2) as u32, plan)
    });
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    app.fold().await;
    app
}

async fn ask(app: &TestApp, question: &Value) -> Value {
    app.key().post("/api/v1/query", question).await.expect(200).json()
}

#[tokio::test]
async fn settings_are_changed_by_owners_from_what_they_read() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let first = owner.get("/api/v1/project").await.expect(200).json();
    assert_eq!((&first["settings"]["segment"], &first["revision"]), (&Value::Null, &json!(0)));
    let changed = owner.patch("/api/v1/project", &json!({"segment": "tag.plan"})).await.expect(200).json();
    assert_eq!((&changed["settings"]["segment"], &changed["revision"]), (&json!("tag.plan"), &json!(1)));
    let stale = owner.patch("/api/v1/project", &json!({"segment": null, "revision": 0})).await.expect(409).json();
    assert_eq!(stale["code"], "conflict");
    let wrong = owner.patch("/api/v1/project", &json!({"segment": "user.plan"})).await.expect(400).json();
    assert_eq!(wrong["fields"][0]["field"], "segment");
    let none = owner.patch("/api/v1/project", &json!({"segment": null, "revision": 1})).await.expect(200).json();
    assert_eq!((&none["settings"]["segment"], &none["revision"]), (&Value::Null, &json!(2)));
    // What is left out stays.
    owner.patch("/api/v1/project", &json!({"segment": "release"})).await.expect(200);
    let kept = owner.patch("/api/v1/project", &json!({})).await.expect(200).json();
    assert_eq!(kept["settings"]["segment"], "release");
    let elsewhere = owner.with(ORIGIN, "https://evil.example");
    elsewhere.patch("/api/v1/project", &json!({"segment": null})).await.expect(403);
}

#[tokio::test]
async fn what_is_stored_is_sorted_into_the_segments_chosen_later() {
    let app = with_traffic().await;
    let question = json!({"measures": ["count"], "dimensions": ["segment"], "range": "24h"});
    let before = ask(&app, &question).await;
    assert_eq!(before["rows"].as_array().unwrap().len(), 1);
    assert!(before["notices"][0].as_str().unwrap().contains("no attribute to segment by"), "{before}");
    let change =
        SettingsChange { segment: Change::To(Some("metadata.plan".parse().unwrap())), ..SettingsChange::default() };
    app.services.access.change_settings(&Actor::System, app.project.id, change).await.unwrap();
    app.fold().await;
    app.key().post("/v1/traces", &otlp::request([generation(900, 1, 1, "pro")])).await.expect(200);
    app.fold().await;
    let after = ask(&app, &question).await;
    let rows: Vec<(&Value, &Value)> =
        after["rows"].as_array().unwrap().iter().map(|row| (&row["group"][0], &row["values"][0]["value"])).collect();
    assert_eq!(rows, [(&json!("free"), &json!(266.0)), (&json!("pro"), &json!(135.0))]);
    assert!(after["notices"].is_null(), "{after}");
}

#[tokio::test]
async fn estimates_say_how_sure_they_are_and_facts_do_not() {
    let app = with_traffic().await;
    // The range ends beyond the present: today is today as a whole.
    let question = json!({
        "measures": ["count", "latency.mean", "latency.p50", "error_rate", "latency.max"], "dimensions": ["version"],
        "range": {"from": "2026-11-21T00:00:00Z", "to": "2026-11-21T12:00:00Z"},
    });
    let answer = ask(&app, &question).await;
    insta::assert_json_snapshot!(answer["rows"][0]);
    // A model is not kept by unit groups: its interval comes from all models, and says so.
    let mut by_model = question.clone();
    by_model["dimensions"] = json!(["model"]);
    let answer = ask(&app, &by_model).await;
    assert_eq!(answer["rows"][0]["values"][1]["interval"]["method"], "design_effect");
    // A single user says nothing about others.
    let mut of_one = question;
    of_one["filters"] = json!([{"dimension": "user", "values": ["user 3"]}]);
    of_one["dimensions"] = json!(["user"]);
    let answer = ask(&app, &of_one).await;
    assert_eq!(answer["rows"][0]["values"][0]["value"], 5.0);
}

#[tokio::test]
async fn versions_and_ranges_are_compared() {
    let app = with_traffic().await;
    let mut question = json!({
        "measures": ["latency.mean", "count"], "dimensions": ["version"],
        "filters": [{"dimension": "prompt", "values": ["greet"]}],
        "range": {"from": "2026-11-21T00:00:00Z", "to": "2026-11-21T12:00:00Z"},
        "compare": {"dimension": "version", "value": "1"},
    });
    let answer = ask(&app, &question).await;
    insta::assert_json_snapshot!(answer["rows"][1]["differences"]);
    assert_eq!(answer["rows"][0]["differences"][0]["absolute"], 0.0);
    question["compare"] = json!({"range": "previous"});
    let answer = ask(&app, &question).await;
    assert_eq!(answer["compared"]["from"], "2026-11-20T12:00:00.000000Z");
    assert_eq!(answer["rows"][0]["differences"][1]["baseline"], Value::Null);
    let by_rest = app.key().get("/api/v1/prompts/greet/metrics?range=24h&baseline=1&measures=latency.mean").await;
    assert!(by_rest.expect(200).json()["rows"][1]["differences"][0]["absolute"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn distributions_have_bins_and_categories() {
    let app = with_traffic().await;
    let score = |number: u64, name: &str, value: Value| json!({"trace": format!("{:032x}", number + 1), "name": name, "value": value});
    let mut scores = Vec::new();
    for number in 0..60 {
        scores.push(score(number, "stars", json!(1 + number % 5)));
        scores.push(score(number, "tone", json!(if number % 4 == 0 { "curt" } else { "kind" })));
    }
    app.key().post("/api/v1/scores", &Value::Array(scores)).await.expect(201);
    app.fold().await;
    let answer = ask(
        &app,
        &json!({"distributions": ["latency", "score:stars", "score:tone"], "range": {"from": "2026-11-21T00:00:00Z", "to": "2026-11-21T12:00:00Z"}}),
    )
    .await;
    let [latency, stars, tone] = answer["rows"][0]["distributions"].as_array().unwrap().as_slice() else {
        panic!("{answer}")
    };
    assert_eq!((&latency["n"], &latency["approximate"]), (&json!(400), &json!(true)));
    assert_eq!(stars["bins"][4], json!({"lower": 5.0, "upper": 5.0, "count": 12}));
    let shares: Vec<_> = tone["categories"].as_array().unwrap().iter().map(|of| (&of["name"], &of["count"])).collect();
    assert_eq!(shares, [(&json!("kind"), &json!(45)), (&json!("curt"), &json!(15))]);
    assert_eq!(tone["categories"][1]["share"]["value"], 0.25);
    assert!(tone["categories"][1]["share"]["interval"].is_object(), "{tone}");
}

#[tokio::test]
async fn a_label_counts_what_it_pointed_at_when_the_generation_began() {
    let app = TestApp::start().await;
    let key = app.key();
    for text in ["Hi", "Hello"] {
        key.post("/api/v1/prompts", &json!({"name": "greet", "prompt": text})).await.expect(201);
        let latest = key.get("/api/v1/prompts/greet").await.expect(200).json()["latest"].clone();
        key.put("/api/v1/prompts/greet/labels/production", &json!({"version": latest})).await.expect(200);
        app.clock.advance_s(60);
    }
    // Version 1 had the label for a minute, then version 2.
    let at = |number: u64, second: u64, version: u32| {
        let start = otlp::NOON_NS + second * 1_000_000_000;
        generation(number, 1, version, "free")
            .field("startTimeUnixNano", start.to_string().into())
            .field("endTimeUnixNano", (start + 1000).to_string().into())
    };
    let spans = [at(1, 30, 1), at(2, 30, 2), at(3, 70, 1), at(4, 70, 2), at(5, 80, 2)];
    key.post("/v1/traces", &otlp::request(spans)).await.expect(200);
    app.fold().await;
    let mut question = json!({
        "measures": ["count"], "dimensions": ["label", "version"], "range": {"from": "2026-11-21T11:00:00Z", "to": "2026-11-21T13:00:00Z"},
        "filters": [{"dimension": "prompt", "values": ["greet"]}],
    });
    let answer = ask(&app, &question).await;
    let rows: Vec<_> =
        answer["rows"].as_array().unwrap().iter().map(|row| (&row["group"], &row["values"][0]["value"])).collect();
    assert_eq!(rows, [(&json!(["production", "1"]), &json!(1.0)), (&json!(["production", "2"]), &json!(2.0))]);
    question["dimensions"] = json!([]);
    question["filters"].as_array_mut().unwrap().push(json!({"dimension": "label", "values": ["production"]}));
    assert_eq!(ask(&app, &question).await["rows"][0]["values"][0]["value"], 3.0);
}
