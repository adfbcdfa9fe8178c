//! Hostile input at the real limits; what is wrong with small requests is in `faults`.

use axum::http::{
    Method,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use testkit::{Answer, Client, TestApp, otlp};

use crate::spans::{gzip, protobuf};

const MIB: usize = 1024 * 1024;
/// What one request may hold, after decompression.
const MOST: usize = 64 * MIB;

async fn send(client: &Client, path: &str, kind: &str, coding: &str, body: Vec<u8>) -> Answer {
    let request = client.request(Method::POST, path).header(CONTENT_TYPE, kind).header(CONTENT_ENCODING, coding);
    request.body(body).send().await
}

/// Someone with an ordinary request is served.
async fn serves_others(app: &TestApp, number: u64) {
    let span = otlp::span(&format!("{number:016x}")).trace("0af7651916cd43dd8448eb211c80aaaa");
    app.key().post("/v1/traces", &otlp::request([span])).await.expect(200);
}

#[tokio::test]
async fn a_bomb_of_a_gigabyte_is_refused_at_every_door_and_others_are_served() {
    let app = TestApp::start().await;
    // Blanks are valid before any JSON, so that a reader could only learn at the end.
    let bomb = gzip(&vec![b' '; 16 * MIB]);
    let bomb = bomb.repeat(64);
    let doors = [
        ("/v1/traces", "application/json"),
        ("/v1/traces", "application/x-protobuf"),
        ("/api/public/otel/v1/traces", "application/json"),
        ("/v1/logs", "application/json"),
        ("/api/public/ingestion", "application/json"),
        ("/api/public/scores", "application/json"),
        ("/api/v1/scores", "application/json"),
        ("/api/v1/events", "application/json"),
        ("/api/v1/exposures", "application/json"),
        ("/api/v1/query", "application/json"),
        ("/api/public/v2/prompts", "application/json"),
    ];
    let client = app.key();
    for (number, (path, kind)) in (1..).zip(doors) {
        let (refused, ()) = tokio::join!(send(&client, path, kind, "gzip", bomb.clone()), serves_others(&app, number));
        let text = refused.expect(413).text();
        assert!(text.contains("after decompression"), "{path}: {text}");
    }
    assert_eq!(app.counts(app.project.id).await.spans, doors.len());
}

#[tokio::test]
async fn a_request_of_64_mebibytes_is_taken_and_one_byte_more_is_not() {
    let app = TestApp::start().await;
    // Few spans and much that is passed over: an unoptimised build takes its time for each byte it keeps.
    let text = "x".repeat(128 * 1024);
    let spans =
        (1..=8_u64).map(|number| otlp::span(&format!("{number:016x}")).text("langfuse.observation.input", &text));
    let mut body = protobuf(&otlp::request(spans));
    // A field nobody knows fills it to the byte.
    let rest = MOST - body.len();
    let filler = |bytes: usize| {
        let mut field = vec![0x7a];
        // A length of five bytes, whatever it is.
        field.extend((0..5).map(|byte| ((bytes >> (7 * byte)) & 0x7f) as u8 | if byte < 4 { 0x80 } else { 0 }));
        field.resize(6 + bytes, 0);
        field
    };
    body.extend(filler(rest - 6));
    assert_eq!(body.len(), MOST);
    let kind = "application/x-protobuf";
    let mut over = body.clone();
    over.push(0);
    let client = app.key();
    let (taken, ()) = tokio::join!(send(&client, "/v1/traces", kind, "identity", body), serves_others(&app, 1));
    taken.expect(200);
    assert_eq!(app.counts(app.project.id).await.spans, 9);
    let refused = send(&client, "/v1/traces", kind, "identity", over).await.expect(413).text();
    assert!(refused.contains("64 MiB"), "{refused}");
    let io = format!("/api/v1/traces/{}/spans/0000000000000008/io", otlp::TRACE);
    let read = app.key().get(&io).await.expect(200).json();
    assert_eq!(read["input"].as_str().map(str::len), Some(text.len()), "what fits is kept whole");
}
