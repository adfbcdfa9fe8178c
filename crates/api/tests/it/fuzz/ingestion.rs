//! Ingestion batches as the SDKs' older generations send them, and scores and events by the list: what is good in them stays.

use serde_json::{Value, json};
use testkit::{TestApp, otlp};

use super::{Rounds, in_words};
use crate::faults;

#[tokio::test]
async fn ingestion_batches() {
    let app = TestApp::start().await;
    app.key().post("/v1/traces", &otlp::request([otlp::span("00000000000000aa")])).await.expect(200);
    let at = "2026-11-21T11:59:00Z";
    let score = |id: &str, kind: &str, value: Value| {
        json!({"id": id, "type": "score-create", "timestamp": at, "body": {"id": id, "traceId": otlp::TRACE, "name": "stars",
            "value": value, "dataType": kind, "comment": "c", "metadata": {"by": ["a", {"b": 1}]}, "environment": "default"}})
    };
    let seeds: Vec<Vec<u8>> = [
        json!([score("e1", "NUMERIC", json!(0.5)), score("e2", "BOOLEAN", json!(1)), score("e3", "CATEGORICAL", json!("x"))]),
        json!([{"id": "e4", "type": "trace-create", "timestamp": at, "body": {"id": otlp::TRACE, "name": "t", "tags": ["a"]}},
            {"id": "e5", "type": "generation-create", "timestamp": at, "body": {"traceId": otlp::TRACE, "id": "00000000000000ab",
                "model": "gpt-4o-mini", "usage": {"input": 1, "output": 2}, "startTime": at}}]),
        json!([{"id": "e6", "type": "sdk-log", "timestamp": at, "body": {"log": "x"}}, score("e7", "TEXT", json!("long"))]),
    ]
    .iter()
    .map(|events| events.to_string().into_bytes())
    .collect();
    let (mut taken, mut all) = (0, 0);
    for (seed, mut mutator) in Rounds::new("ingestion_batches", 300) {
        let spoiled = mutator.json_bytes(&seeds);
        let good = score(&format!("good-{seed}"), "NUMERIC", json!(1));
        // Spoiled as text it may be no JSON; then nothing can be kept.
        let mut batch = match serde_json::from_slice::<Value>(&spoiled) {
            Ok(Value::Array(events)) => events,
            Ok(other) => vec![other],
            Err(_) => {
                let body = [b"{\"batch\":".as_slice(), &spoiled, b"}"].concat();
                let request = app.key().request(axum::http::Method::POST, "/api/public/ingestion");
                let request = request.header(axum::http::header::CONTENT_TYPE, faults::JSON).body(body);
                in_words(&request.send().await, &format!("seed {seed}"));
                continue;
            }
        };
        batch.push(good);
        let sent = batch.len();
        let answer = app.key().post("/api/public/ingestion", &json!({"batch": batch})).await;
        all += 1;
        if in_words(&answer, &format!("seed {seed}")) != 207 {
            continue;
        }
        taken += 1;
        let said = answer.json();
        let of = |list: &str| said[list].as_array().cloned().unwrap_or_default();
        let (good, bad) = (of("successes"), of("errors"));
        assert_eq!(good.len() + bad.len(), sent, "seed {seed}: every event is answered: {said}");
        assert!(good.iter().any(|one| one["id"] == format!("good-{seed}")), "seed {seed}: {said}");
        // What is answered as stored can be read.
        app.key().get(&format!("/api/public/v2/scores/good-{seed}")).await.expect(200);
        for refusal in bad {
            let words = refusal["message"].as_str().or(refusal["error"].as_str()).unwrap_or_default();
            assert!(!words.is_empty(), "seed {seed}: {refusal}");
        }
    }
    assert!(taken * 2 > all, "{taken} of {all} batches were read at all");
}
