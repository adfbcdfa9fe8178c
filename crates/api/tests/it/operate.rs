use std::sync::Arc;

use api::ApiConfig;
use axum::http::Method;
use serde_json::json;
use testkit::{TestApp, otlp};

#[tokio::test]
async fn health_readiness_and_counters_need_no_key() {
    let config = ApiConfig { metrics: Some(Arc::new(|| "up 1\n".to_owned())), ..ApiConfig::default() };
    let app = TestApp::start_with(config).await;
    assert_eq!(app.anonymous().get("/healthz").await.expect(200).text(), "ok\n");
    assert_eq!(app.anonymous().get("/readyz").await.expect(200).text(), "ready\n");
    assert_eq!(app.anonymous().get("/metrics").await.expect(200).text(), "up 1\n");
}

#[tokio::test]
async fn a_closed_store_is_not_ready_and_spans_are_to_be_sent_again() {
    let app = TestApp::start().await;
    app.events.close().await.unwrap();
    let answer = app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await;
    assert!(matches!(answer.status.as_u16(), 429 | 503), "{}: {}", answer.status, answer.text());
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_answered_in_the_shape_of_their_door() {
    let app = TestApp::start().await;
    let problem = app.key().get("/api/v1/nothing").await.expect(404);
    assert_eq!(problem.header("content-type"), "application/problem+json");
    assert_eq!(problem.json()["code"], "not_found");
    let sdk = app.key().get("/api/public/nothing").await.expect(404).json();
    assert_eq!(sdk["error"], "NotFound");
    let method = app.key().request(Method::PUT, "/api/public/scores").send().await.expect(405);
    assert_eq!(method.json()["error"], "MethodNotAllowed");
    let method = app.key().request(Method::DELETE, "/api/v1/query").send().await.expect(405).json();
    assert_eq!((method["code"].as_str(), method["status"].as_u64()), (Some("method_not_allowed"), Some(405)));
}

#[tokio::test]
async fn every_answer_has_the_id_of_its_request() {
    let app = TestApp::start().await;
    let refused = app.key().get("/api/v1/prompts/none").await.expect(404);
    assert_eq!(refused.header("x-request-id"), "test");
    assert_eq!(refused.json()["request_id"], "test");
    let odd = axum::http::HeaderName::from_static("x-request-id");
    let made = app.key().with(odd, "no spaces allowed").get("/healthz").await.expect(200);
    assert_eq!(made.header("x-request-id").len(), 32);
}

#[tokio::test]
async fn a_clock_that_jumps_back_refuses_nobody() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let trace = |number: u8| format!("{number:032x}");
    let send = async |number: u8, id: &str| {
        let span = otlp::span(id).trace(&trace(number)).prompt("greet", 1);
        app.key().post("/v1/traces", &otlp::request([span])).await.expect(200);
        app.fold().await;
    };
    send(1, "00000000000000aa").await;
    let prompt = json!({ "name": "greet", "prompt": "Hi" });
    app.key().post("/api/v1/prompts", &prompt).await.expect(201);
    // Half an hour, as after a virtual machine was moved.
    app.clock.advance_s(-1_800);
    send(2, "00000000000000bb").await;
    let score = json!({ "traceId": trace(2), "name": "stars", "value": 1 });
    app.key().post("/api/public/scores", &score).await.expect(200);
    let version = json!({ "prompt": "Hello", "labels": ["production"] });
    app.key().post("/api/v1/prompts/greet/versions", &version).await.expect(201);
    for number in [1, 2] {
        app.key().get(&format!("/api/public/traces/{}", trace(number))).await.expect(200);
    }
    assert_eq!(app.key().get("/api/public/v2/prompts/greet").await.expect(200).json()["version"], 2);
    owner.get("/api/v1/keys").await.expect(200);
    let erased = owner.request(Method::DELETE, "/api/v1/users/somebody/data").send().await.expect(202).json();
    while app.services.erasures.work().await.unwrap() {}
    app.clock.advance_s(7_200);
    send(3, "00000000000000cc").await;
    let path = format!("/api/v1/erasures/{}", erased["id"].as_str().unwrap());
    assert_eq!(owner.get(&path).await.expect(200).json()["state"], "done");
    let unchanged = app.counts(app.project.id).await;
    app.events.rebuild_totals().await.unwrap();
    assert_eq!(app.counts(app.project.id).await, unchanged);
}
