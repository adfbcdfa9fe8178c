//! Files: imports in every format, and media.

use axum::http::{HeaderValue, Method, header::CONTENT_TYPE};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::{Answer, TestApp};

use super::{Rounds, in_words};

const CSV: &str = "id,trace_id,name,value,data_type,comment,timestamp\r\n\
    s1,0af7651916cd43dd8448eb211c80319c,stars,0.5,NUMERIC,\"fine, \"\"really\"\"\",2026-11-20T00:00:00Z\r\n\
    s2,0af7651916cd43dd8448eb211c80319c,tone,polite,CATEGORICAL,\"two\nlines\",\r\n";
const LINES: &str = "{\"kind\": \"prompt\", \"name\": \"brought\", \"version\": 1, \"prompt\": \"Hi {{name}}\", \
    \"labels\": [\"production\"]}\n\
    {\"kind\": \"score\", \"session_id\": \"s\", \"name\": \"ok\", \"value\": true}\n\
    {\"kind\": \"trace\", \"id\": \"t-1\", \"timestamp\": \"2026-11-20T00:00:00Z\", \"name\": \"t\", \"input\": {\"q\": 1}}\n";

fn langfuse() -> Value {
    json!({
        "prompts": [{"name": "greet", "version": 1, "type": "text", "prompt": "Hi {{name}}", "labels": ["production"]}],
        "traces": [{"id": "t-1", "timestamp": "2026-11-20T00:00:00.000Z", "name": "t", "userId": "u", "input": {"q": 1},
            "tags": ["a"], "observations": [{"id": "o-1", "type": "GENERATION", "startTime": "2026-11-20T00:00:00Z",
                "endTime": "2026-11-20T00:00:01Z", "model": "gpt-4o-mini", "usageDetails": {"input": 1, "output": 2}}]}],
        "observations": [{"id": "o-2", "traceId": "t-1", "type": "SPAN", "startTime": "2026-11-20T00:00:00Z"}],
        "scores": [{"id": "s-1", "traceId": "t-1", "name": "stars", "value": 1, "dataType": "NUMERIC"}],
    })
}

async fn post(app: &TestApp, path: &str, kind: &str, body: Vec<u8>) -> Answer {
    app.key().request(Method::POST, path).header(CONTENT_TYPE, kind).body(body).send().await
}

#[tokio::test]
async fn imports() {
    let app = TestApp::start().await;
    let formats = [("csv", CSV.as_bytes().to_vec()), ("jsonl", LINES.as_bytes().to_vec())];
    let formats = [&formats[..], &[("langfuse", langfuse().to_string().into_bytes())]].concat();
    let mut kept = 0;
    for (seed, mut mutator) in Rounds::new("imports", 150) {
        let (format, file) = mutator.pick(&formats).clone();
        let mut file = if format == "langfuse" { mutator.json_bytes(&[file]) } else { mutator.bytes(&[file]) };
        if format == "jsonl" {
            let last =
                json!({"kind": "score", "id": format!("good-{seed}"), "session_id": "s", "name": "ok", "value": true});
            file.extend(format!("\n{last}\n").into_bytes());
        }
        let sent = post(&app, &format!("/api/v1/imports?format={format}"), "application/octet-stream", file).await;
        if in_words(&sent, &format!("seed {seed}: {format}")) != 202 {
            continue;
        }
        assert!(app.services.import.work().await.unwrap(), "seed {seed}");
        let id = sent.json()["id"].as_str().unwrap().to_owned();
        let told = app.key().get(&format!("/api/v1/imports/{id}")).await.expect(200).json();
        match told["state"].as_str() {
            Some("done") => {
                let stored = told["report"]["scores"]["stored"].as_u64().unwrap_or(0);
                assert!(format != "jsonl" || stored >= 1, "seed {seed}: the good line is kept: {told}");
                kept += 1;
            }
            Some("failed") => {
                assert!(told["error"].as_str().is_some_and(|why| !why.is_empty()), "seed {seed}: {told}");
                assert_ne!(format, "jsonl", "seed {seed}: a bad line costs itself: {told}");
            }
            other => panic!("seed {seed}: {format} is {other:?} after its work: {told}"),
        }
    }
    assert!(kept > 0);
}

#[tokio::test]
async fn media() {
    let app = TestApp::start().await;
    let announced = |bytes: &[u8]| {
        json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "observationId": null, "contentType": "image/png", "field": "input",
            "contentLength": bytes.len(), "sha256Hash": BASE64_STANDARD.encode(Sha256::digest(bytes))})
    };
    for (seed, mut mutator) in Rounds::new("media", 300) {
        let right = format!("picture {seed}").into_bytes();
        let seeds = [announced(&right).to_string().into_bytes()];
        let body = if seed % 2 == 0 { seeds[0].clone() } else { mutator.json_bytes(&seeds) };
        let said = post(&app, "/api/public/media", crate::faults::JSON, body.clone()).await;
        if in_words(&said, &format!("seed {seed}")) != 201 {
            continue;
        }
        let said = said.json();
        let path = said["uploadUrl"].as_str().unwrap().trim_start_matches("http://assay.test").to_owned();
        // What nobody reads of it may be deeper than this reader goes.
        let Ok(asked) = serde_json::from_slice::<Value>(&body) else { continue };
        // Any bytes but those announced are refused, at any address but the one given.
        let sent = if mutator.below(2) == 0 { right.clone() } else { mutator.bytes(&[right]) };
        let is_right = asked["sha256Hash"] == BASE64_STANDARD.encode(Sha256::digest(&sent))
            && asked["contentLength"] == sent.len();
        let to = if mutator.below(4) == 0 { mutator.text(&[path.as_str()]) } else { path.clone() };
        // A parameter the server does not know is not looked at, and a project is the same however its id is written.
        let (place, given) = path.split_once('?').expect("an address to upload to is signed");
        let (project, id) = place.rsplit_once('/').expect("an address of a project's piece of media");
        let same = |to: &str| {
            to.split_once('?').is_some_and(|(at, query)| {
                at.rsplit_once('/').is_some_and(|(of, named)| of.eq_ignore_ascii_case(project) && named == id)
                    && given.split('&').all(|own| query.split('&').any(|other| other == own))
            })
        };
        if !to.starts_with('/') || to.parse::<axum::http::Uri>().is_err() {
            continue;
        }
        let kind = asked["contentType"].as_str().unwrap_or_default();
        if kind.parse::<HeaderValue>().is_err() {
            continue;
        }
        let put = app.anonymous().request(Method::PUT, &to).header(CONTENT_TYPE, kind).body(sent).send().await;
        let status = in_words(&put, &format!("seed {seed}: {to}"));
        assert!(status != 200 || is_right && same(&to), "seed {seed}: {to} took what was not announced");
        assert!(status == 200 || !is_right || to != path, "seed {seed}: {status} {}", put.text());
    }
}
