use std::io::Write as _;

use axum::http::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use flate2::{
    Compression,
    write::{DeflateEncoder, GzDecoder, GzEncoder, ZlibEncoder},
};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use prost::Message as _;
use serde_json::Value;
use testkit::{TestApp, otlp};

/// The same request in protobuf.
pub(crate) fn protobuf(request: &Value) -> Vec<u8> {
    serde_json::from_value::<ExportTraceServiceRequest>(request.clone()).unwrap().encode_to_vec()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut decoder = GzDecoder::new(Vec::new());
    decoder.write_all(bytes).unwrap();
    decoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn protobuf_and_json_come_in_by_both_doors_in_every_encoding() {
    let app = TestApp::start().await;
    let mut number = 0_u64;
    for path in ["/api/public/otel/v1/traces", "/v1/traces"] {
        for kind in ["application/x-protobuf", "application/json; charset=utf-8"] {
            for coding in ["identity", "gzip", "deflate", "raw"] {
                number += 1;
                let request = otlp::request([otlp::span(&format!("{number:016x}"))]);
                let body = if kind.contains("json") { request.to_string().into_bytes() } else { protobuf(&request) };
                let (name, body) = match coding {
                    "gzip" => ("gzip", gzip(&body)),
                    "deflate" => ("deflate", zlib(&body)),
                    "raw" => ("deflate", raw(&body)),
                    _ => ("identity", body),
                };
                let request =
                    app.key().request(Method::POST, path).header(CONTENT_TYPE, kind).header(CONTENT_ENCODING, name);
                let answer = request.body(body).send().await.expect(200);
                if kind.contains("json") {
                    assert_eq!((answer.header("content-type"), answer.text().as_str()), ("application/json", "{}"));
                } else {
                    assert_eq!((answer.header("content-type"), answer.bytes.len()), ("application/x-protobuf", 0));
                }
                assert_eq!(app.counts(app.project.id).await.spans as u64, number, "{path} {kind} {coding}");
            }
        }
    }
}

#[tokio::test]
async fn a_damaged_span_is_named_and_the_others_are_stored() {
    let app = TestApp::start().await;
    let request = || otlp::request([otlp::span("00000000000000aa"), otlp::span("0000000000000000")]);
    let answer = app.key().post("/v1/traces", &request()).await.expect(200).json();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    let sent = app.key().request(Method::POST, "/v1/traces").header(CONTENT_TYPE, "application/x-protobuf");
    let answer = sent.body(protobuf(&request())).send().await.expect(200);
    let partial = ExportTraceServiceResponse::decode(answer.bytes.as_slice()).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(partial.error_message.contains("zero"), "{}", partial.error_message);
    assert_eq!(app.counts(app.project.id).await.spans, 1);
}

#[tokio::test]
async fn the_same_batch_twice_changes_nothing() {
    let app = TestApp::start().await;
    let request = otlp::request([otlp::span("00000000000000aa"), otlp::span("00000000000000bb")]);
    for _ in 0..2 {
        app.key().post("/v1/traces", &request).await.expect(200);
    }
    assert_eq!(app.counts(app.project.id).await.spans, 2);
}

#[tokio::test]
async fn the_secret_of_abv_is_nowhere_in_the_data_folder() {
    let app = TestApp::start().await;
    let mut request = otlp::request([otlp::span("00000000000000aa")]);
    request["resourceSpans"][0]["scopeSpans"][0]["scope"] = serde_json::json!({"name": "abv-sdk", "version": "0.0.1b7", "attributes": [{"key": "api_key", "value": {"stringValue": TestApp::SECRET_KEY}}]});
    app.bearer(TestApp::SECRET_KEY).post("/api/public/otel/v1/traces", &request).await.expect(200);
    let score = serde_json::json!({"batch": [{"id": "e1", "type": "score-create", "body": {
        "id": "s1", "traceId": otlp::TRACE, "name": "n", "value": 1, "metadata": {"api_key": TestApp::SECRET_KEY}}}],
        "metadata": {"api_key": TestApp::SECRET_KEY}});
    app.bearer(TestApp::SECRET_KEY).post("/api/public/ingestion", &score).await.expect(207);
    let mut read = app.key().get(&format!("/api/public/traces/{}", otlp::TRACE)).await.expect(200).text();
    let io = format!("/api/v1/traces/{}/spans/00000000000000aa/io", otlp::TRACE);
    read.push_str(&app.key().get(&io).await.expect(200).text());
    assert!(!read.contains(TestApp::SECRET_KEY));
    // Payloads are compressed, so the files are searched only for what would be plain: rows and the log.
    for file in std::fs::read_dir(app.folder()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(TestApp::SECRET_KEY.len()).any(|window| window == TestApp::SECRET_KEY.as_bytes()));
    }
}
