use std::num::NonZeroU32;

use api::{ApiConfig, RateLimits};
use axum::{
    body::Body,
    http::{
        Method,
        header::{CONTENT_ENCODING, CONTENT_TYPE},
    },
};
use testkit::{TestApp, otlp};

#[tokio::test]
async fn a_key_over_its_rate_is_told_when_to_come_back() {
    let one = NonZeroU32::MIN;
    let config = ApiConfig { limits: RateLimits { ingest: one, api: one, web: one }, ..ApiConfig::default() };
    let app = TestApp::start_with(config).await;
    let mut last = None;
    for _ in 0..5 {
        last = Some(app.key().get("/api/public/projects").await);
    }
    let refused = last.unwrap().expect(429);
    assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
    // Events have a bucket of their own.
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
}

#[tokio::test]
async fn chunked_bodies_are_read() {
    let app = TestApp::start().await;
    let body = otlp::request([otlp::span("00000000000000aa")]).to_string();
    let pieces: Vec<Result<String, std::io::Error>> =
        body.as_bytes().chunks(7).map(|piece| Ok(String::from_utf8_lossy(piece).into_owned())).collect();
    let stream = Body::from_stream(futures::stream::iter(pieces));
    let request = app
        .key()
        .request(Method::POST, "/v1/traces")
        .header(CONTENT_TYPE, "application/json; charset=utf-8")
        .body(stream);
    request.send().await.expect(200);
    assert_eq!(app.counts(app.project.id).await.spans, 1);
}

#[tokio::test]
async fn a_budget_held_by_others_asks_to_come_back() {
    let app = TestApp::start().await;
    let all = app.services.ingest.reserve(128 * 1024 * 1024).unwrap();
    let request = otlp::request([otlp::span("00000000000000aa")]);
    let refused = app.key().post("/v1/traces", &request).await.expect(503);
    assert_eq!(refused.header("retry-after"), "1");
    drop(all);
    app.key().post("/v1/traces", &request).await.expect(200);
}

#[tokio::test]
async fn an_unknown_encoding_is_named_with_the_known_ones() {
    let app = TestApp::start().await;
    let request = app
        .key()
        .request(Method::POST, "/v1/traces")
        .header(CONTENT_TYPE, "application/json")
        .header(CONTENT_ENCODING, "br");
    let refused = request.body("x").send().await.expect(415).json();
    assert!(refused["message"].as_str().is_some_and(|text| text.contains("`gzip`")));
}
