use std::sync::Arc;

use api::ApiConfig;
use axum::http::Method;
use testkit::TestApp;

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
    let answer = app.key().post("/v1/traces", &testkit::otlp::request([testkit::otlp::span("00000000000000aa")])).await;
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
