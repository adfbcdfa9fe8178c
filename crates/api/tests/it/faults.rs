//! Every door with every fault: the answer, and what is stored after it. Read the table in
//! `snapshots/it__faults__faults.snap`.

pub(crate) mod door;
mod events;
mod experiments;
mod imports;
mod numbers;
mod own_reads;
mod prices;
mod prompts;
mod reads;
mod records;
mod settings;

use std::{collections::BTreeSet, fmt::Write as _};

use api::ApiConfig;
use axum::http::{
    HeaderName,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use domain::auth::Scope;
use serde_json::{Value, json};
use testkit::{TestApp, otlp};

use door::{Clients, Door};

use crate::openapi::{Operation, operations, taking};

/// Stands for an id that is new in every cell: a span's, a score's, an event's.
const FRESH: &str = "eeeeeeeeeeeeeeee";
/// A trace that only our own project has.
const OURS: &str = "0af7651916cd43dd8448eb211c80aaaa";
/// The largest body here; the real limit takes too long to fill in every cell.
const MAX_BODY: usize = 64 * 1024;

pub(crate) const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

pub(crate) fn doors(price: &str) -> Vec<Door> {
    [
        events::doors(),
        prompts::doors(),
        numbers::doors(),
        records::doors(),
        prices::doors(price),
        imports::doors(),
        reads::doors(),
        own_reads::doors(),
        settings::doors(),
        experiments::doors(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The body with an id of its own, in text and in bytes.
pub(crate) fn freshened(body: &[u8], number: u64) -> Vec<u8> {
    let hex = format!("{number:016x}");
    let mut fresh = replaced(body, FRESH.as_bytes(), hex.as_bytes());
    fresh = replaced(&fresh, &[0xee; 8], &number.to_be_bytes());
    fresh
}

fn replaced(body: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut rest = body;
    let mut out = Vec::with_capacity(body.len());
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// What was answered, short enough for a table. A good answer of a read is its status alone.
fn said(answer: &testkit::Answer) -> String {
    let text = match answer.header("content-type") {
        PROTOBUF if answer.bytes.is_empty() => "(empty)".to_owned(),
        kind if kind.starts_with("text/csv") => "ok".to_owned(),
        PROTOBUF => format!("(protobuf) {}", answer.text().chars().filter(|c| !c.is_control()).collect::<String>()),
        _ => {
            let body = answer.json();
            let message = ["message", "detail", "errorDetails"].into_iter().find_map(|field| body[field].as_str());
            match message {
                Some(message) => {
                    format!(
                        "{}: {message}",
                        body["error"].as_str().or(body["code"].as_str()).or(body["errorCode"].as_str()).unwrap_or("ok")
                    )
                }
                None if answer.status.as_u16() == 207 || body.get("partialSuccess").is_some() => body.to_string(),
                None => "ok".to_owned(),
            }
        }
    };
    text.replace('|', "\\|").replace('\n', " ")
}

/// Ids of records change with whatever was made before them; made-up ones begin with zeros and stay.
fn without_ids(words: &str) -> String {
    let is_id = |word: &&str| word.len() == 36 && word.matches('-').count() == 4 && !word.starts_with("00000000");
    let ids: Vec<&str> = words.split('`').filter(is_id).collect();
    ids.into_iter().fold(words.to_owned(), |words, id| words.replace(id, "[id]"))
}

#[tokio::test]
async fn every_fault_at_every_door_is_refused_in_words_and_stores_what_it_should() {
    let app = TestApp::start_with(ApiConfig {
        max_body_bytes: MAX_BODY,
        max_import_bytes: MAX_BODY as u64,
        ..ApiConfig::default()
    })
    .await;
    let neighbour = app.neighbour().await;
    let theirs = app.make_key(neighbour.id, "theirs", &Scope::ALL).await;
    let clients = Clients {
        good: app.key(),
        owner: app.owner().await,
        wrong: app.pair(TestApp::PUBLIC_KEY, "sk-wrong-0123456789abcdef"),
        revoked: app.revoked_key().await.1,
        neighbour: app.bearer(theirs.secret_key.reveal()),
    };
    let price = furnish(&app).await;
    let operations = operations(&app).await;
    let mut number = 0x1000_u64;
    let mut table = String::new();
    let mut tried = BTreeSet::new();
    for door in doors(&price) {
        let _ =
            write!(table, "\n## {}\n\n| fault | status | answer | ours | theirs |\n|---|---|---|---|---|\n", door.name);
        for attempt in door.attempts(&clients) {
            number += 1;
            // One file at a time: the one before is out of the way.
            while app.services.import.work().await.unwrap() {}
            let before = (app.counts(app.project.id).await, app.counts(neighbour.id).await);
            let mut request = attempt.client.request(door.method.clone(), &attempt.path);
            if !attempt.kind.is_empty() {
                request = request.header(CONTENT_TYPE, attempt.kind);
            }
            if let Some(coding) = attempt.coding {
                request = request.header(CONTENT_ENCODING, coding);
            }
            if let Some(key) = &attempt.key {
                request = request.header(HeaderName::from_static("idempotency-key"), key);
            }
            let answer = request.body(freshened(&attempt.body, number)).send().await;
            let status = answer.status.as_u16();
            assert!(status < 500, "{} with {}: {status}: {}", door.name, attempt.fault, answer.text());
            let operation = taking(&operations, door.method.as_str(), &attempt.path);
            tried.insert(operation.id.as_str());
            assert!(operation.lists(status), "{} with {}: {status} is not in the document", door.name, attempt.fault);
            let after = (app.counts(app.project.id).await, app.counts(neighbour.id).await);
            if status >= 400 {
                assert_eq!(before, after, "{} with {}: refused and yet stored", door.name, attempt.fault);
            }
            let words = without_ids(&said(&answer).replace(&format!("{number:016x}"), "[id]"));
            let _ = writeln!(
                table,
                "| {} | {status} | {words} | {} | {} |",
                attempt.fault,
                difference(&before.0, &after.0),
                difference(&before.1, &after.1),
            );
        }
    }
    // Where something is taken in, and where our own interface answers; the SDKs' other reads share their parsing with these.
    let is_door =
        |operation: &&Operation| operation.said.get("requestBody").is_some() || operation.path.starts_with("/api/v1/");
    let streams = ["sdk_stream"];
    let untried: Vec<&str> = operations.iter().filter(is_door).map(|operation| operation.id.as_str()).collect();
    let untried: Vec<&str> = untried.into_iter().filter(|id| !tried.contains(id) && !streams.contains(id)).collect();
    assert!(untried.is_empty(), "doors without faults: {untried:?}");
    insta::assert_snapshot!("faults", table);
}

/// What the good requests speak of. Gives the id of a price.
pub(crate) async fn furnish(app: &TestApp) -> String {
    let spans = [otlp::span("00000000000000aa"), otlp::span("00000000000000ab").trace(OURS)];
    app.key().post("/v1/traces", &otlp::request(spans)).await.expect(200);
    app.key()
        .post("/api/public/v2/prompts", &json!({"name": "greet", "prompt": "Hi", "labels": ["production"]}))
        .await
        .expect(201);
    app.key().post("/api/public/v2/datasets", &json!({"name": "set"})).await.expect(200);
    app.key().post("/api/public/dataset-items", &json!({"datasetName": "set", "id": "item"})).await.expect(200);
    crate::results::running(app).await;
    let set = app.key().post("/api/v1/prices", &json!({"model": "ours", "rates": {"input": 1}})).await.expect(201);
    app.key().post("/api/v1/experiments", &json!({"key": "ours", "prompt": "greet"})).await.expect(201);
    set.json()["id"].as_str().unwrap().to_owned()
}

/// What came in addition: `+1 span`, or `same`.
fn difference(before: &testkit::Counts, after: &testkit::Counts) -> String {
    let parts = [
        ("span", before.spans, after.spans),
        ("score", before.scores, after.scores),
        ("event", before.events as usize, after.events as usize),
        ("version", before.versions, after.versions),
        ("move", before.moves, after.moves),
        ("price", before.prices, after.prices),
        ("experiment", before.experiments, after.experiments),
        ("act", before.acts, after.acts),
        ("job", before.repricings, after.repricings),
        ("import", before.imports, after.imports),
    ];
    let changed: Vec<String> = parts
        .into_iter()
        .filter(|(_, b, a)| a != b)
        .map(|(what, b, a)| format!("{:+} {what}", a as i64 - b as i64))
        .collect();
    if changed.is_empty() { "same".to_owned() } else { changed.join(", ") }
}
