//! Spans and log records in both encodings: the damage costs what is damaged, and nothing beside it.

use std::{fs, path::Path};

use otlp::{Encoding, Sender, decode_logs, decode_traces};
use serde_json::{Value, json};
use testkit::otlp as build;

use super::{Rounds, protobuf};

/// The id of a span that comes after the damage.
const LAST: &str = "00000000000a57ed";

/// What clients really sent, unpacked.
fn recorded(extension: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../otlp/tests/fixtures");
    let mut found = Vec::new();
    for client in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(client).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&file).unwrap();
            if name.ends_with(&format!("{extension}.gz")) {
                found.push(crate::spans::gunzip(&bytes));
            } else if name.ends_with(extension) {
                found.push(bytes);
            }
        }
    }
    assert!(found.len() > 3, "{} recorded {extension} requests", found.len());
    found.sort();
    found
}

/// A request that can be read can also be read with a good span after it, which is then there, and changes nothing before.
fn keeps_what_follows(seed: u64, body: &[u8], with_last: &[u8], encoding: Encoding) {
    let Ok(alone) = decode_traces(body, encoding, &Sender::default()) else { return };
    // There may be as many as a request can hold.
    let Ok(both) = decode_traces(with_last, encoding, &Sender::default()) else { return };
    let last = both.spans.last().map(|span| span.span_id.to_string());
    assert_eq!(last.as_deref(), Some(LAST), "seed {seed}");
    assert_eq!(both.spans.len(), alone.spans.len() + 1, "seed {seed}");
    assert_eq!(both.rejected, alone.rejected, "seed {seed}");
}

#[test]
fn spans_in_protobuf() {
    let seeds = recorded(".bin");
    let last = crate::spans::protobuf(&build::request([build::span(LAST)]));
    for (seed, mut mutator) in Rounds::new("spans_in_protobuf", 3_000) {
        let body = if seed % 2 == 0 { protobuf::spoiled(&mut mutator, &seeds) } else { mutator.bytes(&seeds) };
        let _ = decode_logs(&body, Encoding::Protobuf);
        // In protobuf one message after another is both.
        keeps_what_follows(seed, &body, &[body.as_slice(), &last].concat(), Encoding::Protobuf);
    }
}

#[test]
fn spans_in_json() {
    let seeds = recorded("otlp.json");
    let last = build::request([build::span(LAST)])["resourceSpans"][0].clone();
    for (seed, mut mutator) in Rounds::new("spans_in_json", 2_000) {
        let body = mutator.json_bytes(&seeds);
        let _ = decode_logs(&body, Encoding::Json);
        let _ = decode_traces(&body, Encoding::Json, &Sender::default());
        let Ok(mut request) = serde_json::from_slice::<Value>(&body) else { continue };
        // As this reader has it: a field given twice is an error for a span and the later one for a `Value`.
        let alone = request.to_string();
        if let Some(resources) = request.get_mut("resourceSpans").and_then(Value::as_array_mut) {
            resources.push(last.clone());
            keeps_what_follows(seed, alone.as_bytes(), request.to_string().as_bytes(), Encoding::Json);
        }
    }
}

#[test]
fn log_records() {
    let record = |name: &str, body: Value| {
        json!({"traceId": build::TRACE, "spanId": LAST, "eventName": name, "timeUnixNano": "1795262400000000000", "body": body,
            "attributes": [{"key": "gen_ai.evaluation.name", "value": {"stringValue": "tone"}},
                {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 0.5}}]})
    };
    let request = |records: Vec<Value>| json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]});
    let body = json!({"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": "hi"}}]}});
    let good = record("gen_ai.user.message", body.clone());
    let seed_of = |name| request(vec![record(name, body.clone())]).to_string().into_bytes();
    let names = ["gen_ai.user.message", "gen_ai.choice", "gen_ai.evaluation.result", "gen_ai.tool.message"];
    let seeds: Vec<Vec<u8>> = names.into_iter().map(seed_of).collect();
    for (seed, mut mutator) in Rounds::new("log_records", 2_000) {
        let body = mutator.json_bytes(&seeds);
        let _ = decode_logs(&body, Encoding::Json);
        let Ok(mut both) = serde_json::from_slice::<Value>(&body) else { continue };
        let Ok(alone) = decode_logs(both.to_string().as_bytes(), Encoding::Json) else { continue };
        let Some(resources) = both.get_mut("resourceLogs").and_then(Value::as_array_mut) else { continue };
        resources.push(request(vec![good.clone()])["resourceLogs"][0].clone());
        let both = decode_logs(both.to_string().as_bytes(), Encoding::Json).unwrap();
        assert_eq!(both.messages.len(), alone.messages.len() + 1, "seed {seed}");
    }
}
